#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

export CI_PORT_WASM_MARIMO=${CI_PORT_WASM_MARIMO:-8765}
serve_and_test playwright.config.wasm-marimo.ts "$CI_PORT_WASM_MARIMO" node "$core/wasm/serve.mjs"
