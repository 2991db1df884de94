#!/usr/bin/env bash
# Browser tests of the marimo app, with the 3.13 environment. Port: CI_PORT_MARIMO.
# Reads PW_GREP_FILTER.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

environment=$(existing_environment 3.13)
# `uv run` in the script must use that environment as it is: others test with it
export UV_PROJECT_ENVIRONMENT=$environment UV_NO_SYNC=1
playwright_script marimo "$CI_PORT_MARIMO" CI_PORT_MARIMO
