#!/usr/bin/env bash
# Browser tests of the server, installed from the wheel. Port: CI_PORT_SERVER.
# Reads PW_GREP_FILTER; exits with 5 if no test matches it. The repository's script takes the wheel
# from dist/ of its tree, and makes the environment itself: it has to hold to the locked versions.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_SERVER "$CI_PORT_SERVER"
need_subject scripts/test_playwright_server.sh "it starts the target and its specs"
wheel=$(the_wheel)
environment=$(existing_environment 3.13)
constraints=$CI_WORK_DIR/constraints-server.txt
prepare_environments "$constraints"
playwright_tree server
bring_static
bring "$wheel" "dist/${wheel##*/}"

# the script makes its environments in /opt/venvs, for all checkouts; this job's copy of it makes them
# where those of this checkout are
script=scripts/test_playwright_server.sh own=$CI_WORK_DIR/venvs
mkdir -p "$own"
moved=$(sed "s|/opt/venvs/|${own//[&|\\]/\\&}/|g" "$script")
echo "$moved" >"$script"
# it keeps one as long as the wheel is the same, even if the locked versions have changed
made=$own/mcp-test locked=$own/mcp-test.locked
if [[ -e $made/.wheel-sha256 ]] && ! cmp -s "$constraints" "$locked"; then
  say "$made may hold other versions than those that are locked: the script makes it again"
  rm -f "$made/.wheel-sha256"
fi
cp "$constraints" "$locked"

# one spec calls `uv run`, which would otherwise build an environment in the tree; and the server's
# first start has a time limit, which the compilation of its imports can use up
layered_environment "$own/server-specs" "$environment" "$wheel"
export UV_COMPILE_BYTECODE=1 UV_PYTHON=$PYTHON UV_PROJECT_ENVIRONMENT=$own/server-specs UV_NO_SYNC=1
playwright_script server
