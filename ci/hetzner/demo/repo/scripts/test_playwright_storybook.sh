#!/usr/bin/env bash
set -euo pipefail
cd "$(dirname "$0")/.."
. scripts/serve_and_test.sh

export CI_PORT_STORYBOOK=${CI_PORT_STORYBOOK:-6006}
serve_and_test playwright.config.ts "$CI_PORT_STORYBOOK" pnpm --dir "$core" storybook
