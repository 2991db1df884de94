#!/usr/bin/env bash
# Tests the MCP server as users get it: the wheel with its extra in a fresh environment.
# Port: CI_PORT_MCP. Reads PYTEST_K_FILTER. Older commits lack the integration tests: that is a line in
# the log, and no failure. Exits with 5 if no test was collected at all, or the commit predates all of them.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_MCP "$CI_PORT_MCP"
installed=tests/unit/server/test_mcp_uvx_install.py
integration=tests/unit/server/test_mcp_server_integration.py
need_subject "$installed" "the tests of the installed server"
files=("$installed")
if has_subject "$integration" "more tests of it"; then
  files+=("$integration")
fi

wheel=$(the_wheel)
temporary_environments mcp-wheel
environment=$TEMPORARY/environment
# a server's first start has a time limit, which the compilation of its imports can use up
UV_COMPILE_BYTECODE=1 new_environment "$environment" "${wheel}[mcp]" pytest
export BUCKAROO_MCP_CMD=$environment/bin/buckaroo-table

# the server runs in the tree, and its page needs the generated files
own_tree test-mcp-wheel
bring_static

options=(--color=no -m slow)
[[ -z ${PYTEST_K_FILTER:-} ]] || options+=(-k "$PYTEST_K_FILTER")
server=0
report=$CI_WORK_DIR/junit/test-mcp-wheel
"$environment/bin/pytest" "${files[@]}" "${options[@]}" --junit-xml="$report-server.xml" \
  --deselect="$installed::TestMcpInstall::test_uvx_no_stdout_pollution" || server=$?
# alone, since these break servers on purpose
failure_modes=0
"$environment/bin/pytest" "$installed::TestUvxFailureModes" "${options[@]}" \
  --junit-xml="$report-failures.xml" || failure_modes=$?
finish_tests server="$server" TestUvxFailureModes="$failure_modes"
