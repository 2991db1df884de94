#!/usr/bin/env bash
# Tests the MCP server as users get it: the wheel with its extra in a fresh environment.
# Port: CI_PORT_MCP. Older commits lack the second test file; that is a pass, and said.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

tests=tests/unit/server
need_file $tests/test_mcp_uvx_install.py "the tests of the installed server"
free_port "$CI_PORT_MCP" CI_PORT_MCP
wheel=$(the_wheel)
environment=$CI_WORK_DIR/mcp-wheel
trap 'rm -rf "$environment"' EXIT
new_environment "$environment" "${wheel}[mcp]" pytest
export BUCKAROO_MCP_CMD=$environment/bin/buckaroo-table

options=(--color=no -m slow)
[[ -z ${PYTEST_K_FILTER:-} ]] || options+=(-k "$PYTEST_K_FILTER")
files=("$tests/test_mcp_uvx_install.py")
if [[ -e $tests/test_mcp_server_integration.py ]]; then
  files+=("$tests/test_mcp_server_integration.py")
else
  say "no $tests/test_mcp_server_integration.py in this commit: nothing to run of it"
fi

first=0
"$environment/bin/pytest" "${files[@]}" "${options[@]}" \
  --deselect "$tests/test_mcp_uvx_install.py::TestMcpInstall::test_uvx_no_stdout_pollution" ||
  first=$?
if ! grep -q '^class TestUvxFailureModes' "$tests/test_mcp_uvx_install.py"; then
  say "no TestUvxFailureModes in this commit: nothing to run of it"
  finish_pytest "$first"
fi
second=0
"$environment/bin/pytest" "$tests/test_mcp_uvx_install.py::TestUvxFailureModes" "${options[@]}" ||
  second=$?
finish_pytest "$first" "$second"
