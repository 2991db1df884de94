#!/usr/bin/env bash
# Installs the wheel with each extra into a fresh environment of its own, side by side, and runs
# the repository's smoke test there.
# shellcheck disable=SC2329 # functions are called through part
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need_file scripts/smoke_test.py "it tests an installation"
wheel=$(the_wheel)
directory=$CI_WORK_DIR/smoke
trap 'rm -rf "$directory"' EXIT

smoke() {
  local extra=$1 requirement=$wheel
  [[ $extra == base ]] || requirement="${wheel}[$extra]"
  new_environment "$directory/smoke-$extra" "$requirement"
  "$directory/smoke-$extra/bin/python" scripts/smoke_test.py "$extra"
}

for extra in base polars mcp marimo jupyterlab notebook; do
  part "$extra" smoke "$extra"
done
finish_parts
