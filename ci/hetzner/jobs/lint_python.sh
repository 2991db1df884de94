#!/usr/bin/env bash
# Lints the Python code with the ruff of the 3.13 environment. No port. Needs that environment and
# does not sync it: syncing a shared environment strips extras under a running test.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

environment=$(existing_environment 3.13)
[[ -x $environment/bin/ruff ]] ||
  fail "expected ruff in $environment, found none: add it to the commit's uv.lock"
"$environment/bin/ruff" check --no-cache
