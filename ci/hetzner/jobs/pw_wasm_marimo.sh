#!/usr/bin/env bash
# Browser tests of the marimo page that runs Python in the browser. Port: CI_PORT_WASM_MARIMO.
# Reads PW_GREP_FILTER. The page loads its runtime, pyodide, from a CDN unless the commit brings
# it along: without that network the specs would fail only after minutes, so it is tried first.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_WASM_MARIMO "$CI_PORT_WASM_MARIMO"
need git curl
named=$(git grep -hoE "https://[^\"'\`<> )]*pyodide[^\"'\`<> )]*" -- packages scripts ':!*lock*' || true)
origins=$(grep -oE '^https://[^/]+' <<<"$named" | sort -u || true)
if [[ -z $origins ]]; then
  if git grep -qF '"pyodide":' -- 'packages/*package.json'; then
    say "this commit brings pyodide along as a package: no network is needed"
  else
    origins=https://cdn.jsdelivr.net # where pages that marimo exports load it from
  fi
fi
for origin in $origins; do
  # any answer will do: what the page asks for is the specs' to find out
  curl --silent --show-error --head --output /dev/null --connect-timeout 1 --max-time 3 "$origin" ||
    fail "expected $origin to answer (the page loads pyodide from it), it is out of reach: check the network"
done
playwright_script wasm_marimo
