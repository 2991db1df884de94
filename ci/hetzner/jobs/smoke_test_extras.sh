#!/usr/bin/env bash
# Installs the wheel with each extra into a fresh environment of its own, side by side, and runs
# the repository's smoke test there. No port. Exits with 5 if the commit predates that test.
# shellcheck disable=SC2329 # functions are called through part
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need_subject scripts/smoke_test.py "it tests an installation"
wheel=$(the_wheel)
temporary_environments smoke

smoke() { # smoke EXTRA
  local extra=$1 requirement=$wheel
  [[ $extra == base ]] || requirement="${wheel}[$extra]"
  new_environment "$TEMPORARY/$extra" "$requirement"
  "$TEMPORARY/$extra/bin/python" scripts/smoke_test.py "$extra"
}

for extra in base polars mcp marimo jupyterlab notebook; do
  part "$extra" smoke "$extra"
done
wait_for_parts
finish "${PART_CODES[@]}"
