#!/usr/bin/env bash
# Runs the unit tests of the JavaScript core. No port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

install_node_modules
need_file packages/buckaroo-js-core/package.json "it says how the JavaScript core is tested"
cd packages/buckaroo-js-core
pnpm run test
