#!/usr/bin/env bash
# Browser tests of the marimo page that runs Python in the browser. Port: CI_PORT_WASM_MARIMO.
# Reads PW_GREP_FILTER; exits with 5 if no test matches it. The page loads its runtime, pyodide,
# from a CDN unless the commit contains it. Without a network the specs would fail only after
# minutes, so this job tries the CDN first.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_WASM_MARIMO "$CI_PORT_WASM_MARIMO"
need_subject scripts/test_playwright_wasm_marimo.sh "it starts the target and its specs"
need git curl
python3 "$BODY_LIB/buckaroo/network.py" "$CI_REPO_DIR"
playwright_tree wasm_marimo
playwright_script wasm_marimo
