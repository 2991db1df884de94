#!/usr/bin/env bash
# Browser tests of the marimo app, with the 3.13 environment. Port: CI_PORT_MARIMO.
# Reads PW_GREP_FILTER; exits with 5 if no test matches it.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

free_ports CI_PORT_MARIMO "$CI_PORT_MARIMO"
need_subject scripts/test_playwright_marimo.sh "it starts the target and its specs"
environment=$(existing_environment 3.13)
prepare_environments "$CI_WORK_DIR/constraints-marimo.txt"
playwright_tree marimo
bring_static
metadata=$(project_metadata playwright-marimo "$environment")
# `uv run` in the script must not sync that environment, which is only read: it would install the
# project there
export UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1 PYTHONPATH=$PWD:$metadata
playwright_script marimo
