#!/usr/bin/env bash
# Runs the unit tests of the JavaScript core. No port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need_subject packages/buckaroo-js-core/package.json "it says how the JavaScript core is tested"
install_node_modules
cd packages/buckaroo-js-core
pnpm run test
