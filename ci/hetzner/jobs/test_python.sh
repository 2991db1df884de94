#!/usr/bin/env bash
# Runs the Python unit tests with one version: test_python.sh VERSION. Two runs side by side: the
# timing-dependent tests undisturbed with high priority, the others spread over workers with low.
# Reads PYTEST_K_FILTER and PYTEST_WORKERS. No port. Exits with 5 if neither run collected a test
# (old commits lack the markers).
# shellcheck disable=SC2329 # functions are called through part
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

[[ $# -eq 1 ]] || fail "usage: test_python.sh VERSION, such as 3.13"
version=$1
need_subject tests/unit "the unit tests"
environment=$(existing_environment "$version")
python=$environment/bin/python

# in a tree of its own, since tests write where they run
own_tree "test-python-$version"
metadata=$(project_metadata "test-python-$version" "$environment")
export PYTHONPATH=$PWD:$metadata

options=(--color=no)
if [[ ${CI_BOX:-} == 1 || -e /.dockerenv || -e /run/.containerenv ]]; then
  # these need processes and signals as they are outside of containers
  options+=(
    --ignore=tests/unit/file_cache/mp_timeout_decorator_test.py
    --ignore=tests/unit/file_cache/multiprocessing_executor_test.py
    --ignore=tests/unit/server/test_mcp_server_integration.py
    --deselect=tests/unit/server/test_mcp_tool_cleanup.py::TestServerMonitor::test_server_killed_on_parent_death
  )
fi
[[ -z ${PYTEST_K_FILTER:-} ]] || options+=(-k "$PYTEST_K_FILTER")

nice_pytest() { # nice_pytest NICENESS NAME OPTION…: without the niceness where that is not permitted
  local niceness=$1 report=$CI_WORK_DIR/junit/test-python-$version-$2.xml
  shift 2
  nice -n "$niceness" "$python" -m pytest tests/unit --junit-xml="$report" "${options[@]}" "$@"
}

part timing nice_pytest -15 timing -m timing_dependent
part rest nice_pytest 10 rest -m "not slow and not timing_dependent" -n "$PYTEST_WORKERS"
wait_for_parts
finish_tests "${PART_CODES[@]}"
