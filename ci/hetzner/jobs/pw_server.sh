#!/usr/bin/env bash
# Browser tests of the server, installed from the wheel. Port: CI_PORT_SERVER.
# Reads PW_GREP_FILTER. Its environment is kept as long as the wheel is the same.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

wheel=$(the_wheel)
environment=$CI_VENVS_DIR/mcp-test
hash=$(sha256sum "$wheel" | cut -d' ' -f1)
if [[ ! -e $environment/wheel-$hash ]]; then
  new_environment "$environment" "${wheel}[mcp]"
  touch "$environment/wheel-$hash"
fi

# one spec calls `uv run`, which would otherwise build an environment in the checkout
export UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1
playwright_script server "$CI_PORT_SERVER" CI_PORT_SERVER
