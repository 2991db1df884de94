#!/usr/bin/env bash
# Browser tests of the server, installed from the wheel. Port: CI_PORT_SERVER.
# Reads PW_GREP_FILTER; exits with 5 if no test matches it. The repository's script takes the wheel
# from dist/ of its tree, and makes the environment itself: it has to hold to the locked versions.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_SERVER "$CI_PORT_SERVER"
wheel=$(the_wheel)
environment=$(existing_environment 3.13)
constraints=$CI_WORK_DIR/constraints-server.txt
prepare_environments "$constraints"
playwright_tree server
bring_static
bring "$wheel" "dist/${wheel##*/}"

# where that environment is, and the file in it by which the script knows the wheel again
made=/opt/venvs/mcp-test
locked=$CI_WORK_DIR/server-environment-locked.txt
if [[ -e $made/.wheel-sha256 ]] && ! cmp -s "$constraints" "$locked"; then
  say "the locked versions may be others than those in $made: the script is to make it again"
  rm -f "$made/.wheel-sha256"
fi
cp "$constraints" "$locked"

# one spec calls `uv run`, which would otherwise build an environment in the tree
export UV_PYTHON=$PYTHON UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1
playwright_script server
