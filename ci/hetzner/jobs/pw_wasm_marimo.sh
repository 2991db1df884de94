#!/usr/bin/env bash
# Browser tests of the marimo page that runs Python in the browser. Port: CI_PORT_WASM_MARIMO.
# Reads PW_GREP_FILTER. The page may load its runtime from a CDN: without that it would fail only
# after minutes, so that is found out first.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need git curl
runtime=$(git grep -hoE "https://[^\"'\` )]+/pyodide[^\"'\` )]*\.(js|mjs)" -- . ':!*lock*' | sort -u | head -n 1 || true)
if [[ -n $runtime ]]; then
  curl --silent --show-error --head --fail --max-time 5 --connect-timeout 1 "$runtime" >/dev/null ||
    fail "the page loads its runtime from $runtime, which cannot be reached: check the network"
else
  say "no address of a runtime on the network in this commit: the page brings its own"
fi
playwright_script wasm_marimo "$CI_PORT_WASM_MARIMO" CI_PORT_WASM_MARIMO
