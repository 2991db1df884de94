#!/usr/bin/env bash
# Builds the JavaScript core in a tree of its own, and puts it into
# packages/buckaroo-js-core/dist of the checkout, for its cache and other jobs. No port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

install_node_modules
need_file packages/buckaroo-js-core/package.json "it says how the JavaScript core is built"
own_tree build-js --modules
cd packages/buckaroo-js-core
pnpm run build
bring dist "$CI_REPO_DIR/packages/buckaroo-js-core/dist"
