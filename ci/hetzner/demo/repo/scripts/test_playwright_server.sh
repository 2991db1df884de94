#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

export CI_PORT_SERVER=${CI_PORT_SERVER:-8701}
# from another directory, so that the installed package is imported and not the checkout's
serve() { cd "$core" && exec uv run --no-sync python -m buckaroo.server --port "$CI_PORT_SERVER"; }
serve_and_test playwright.config.server.ts "$CI_PORT_SERVER" serve
