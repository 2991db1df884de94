#!/usr/bin/env bash
# Browser tests of the server, installed from the wheel. Port: CI_PORT_SERVER.
# Reads PW_GREP_FILTER. Its environment is kept as long as the wheel is the same.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_SERVER "$CI_PORT_SERVER"
wheel=$(the_wheel)
environment=$CI_VENVS_DIR/mcp-test-${CI_WORK_DIR##*/}
made_of=("$wheel")
[[ ! -e uv.lock ]] || made_of+=(uv.lock)
hashes=$(git hash-object -- "${made_of[@]}")
stamp=$environment/made-of-${hashes//$'\n'/-}-$JUPYTER_PYTHON
if [[ -e $stamp ]]; then
  say "$environment is made for this wheel"
else
  prepare_environments "$CI_WORK_DIR/server-constraints.txt"
  new_environment "$environment" "${wheel}[mcp]"
  touch "$stamp"
fi
check_version "$environment" "$JUPYTER_PYTHON"

# one spec calls `uv run`, which would otherwise build an environment in the checkout
export UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1
playwright_script server
