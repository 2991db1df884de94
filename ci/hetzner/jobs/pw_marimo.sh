#!/usr/bin/env bash
# Browser tests of the marimo app, with the 3.13 environment. Port: CI_PORT_MARIMO.
# Reads PW_GREP_FILTER.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_MARIMO "$CI_PORT_MARIMO"
environment=$(existing_environment 3.13)
# checkouts share it, and whichever was synced last has its code in there
installed=$("$environment/bin/python" -I -c \
  'import importlib.util as u, os; print(os.path.realpath(u.find_spec("buckaroo").origin))')
[[ $installed == "$(pwd -P)"/* ]] ||
  fail "expected this checkout's buckaroo in $environment, found $installed: run test-python-3.13"
# `uv run` in the script takes that environment as it is: others test with it at the same time
export UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1
playwright_script marimo
