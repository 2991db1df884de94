#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

export CI_PORT_STORYBOOK=${CI_PORT_STORYBOOK:-6006}
# vite itself: pnpm would report the end of what is stopped here as a failure
serve() { cd "$core" && exec node_modules/.bin/vite --config stories/vite.config.ts; }
serve_and_test playwright.config.ts "$CI_PORT_STORYBOOK" serve
