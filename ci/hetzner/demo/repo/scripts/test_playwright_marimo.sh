#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

export CI_PORT_MARIMO=${CI_PORT_MARIMO:-2718}
serve_and_test playwright.config.marimo.ts "$CI_PORT_MARIMO" \
  uv run marimo run --headless --no-token --port "$CI_PORT_MARIMO" "$core/pw-tests/marimo_app.py"
