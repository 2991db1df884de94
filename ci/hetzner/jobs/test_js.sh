#!/usr/bin/env bash
# Runs the JavaScript unit tests.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

install_node_modules
cd packages/buckaroo-js-core
pnpm run test
