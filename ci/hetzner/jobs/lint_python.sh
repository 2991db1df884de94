#!/usr/bin/env bash
# Lints the Python code with the ruff of the shared environment of 3.13, which it does not change. No
# port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

environment=$(existing_environment 3.13)
[[ -x $environment/bin/ruff ]] ||
  fail "expected ruff in $environment, found none: add it to the commit's uv.lock"
"$environment/bin/ruff" check --no-cache
