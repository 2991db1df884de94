#!/usr/bin/env bash
# Builds the JavaScript core: packages/buckaroo-js-core/dist.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

install_node_modules
cd packages/buckaroo-js-core
pnpm run build
