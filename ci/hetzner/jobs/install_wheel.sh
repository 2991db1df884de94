#!/usr/bin/env bash
# Installs the wheel into the environment of the Jupyter servers. No port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need uv
file=${CI_OUT_JUPYTER_WARMUP_VENV:-$CI_WORK_DIR/jupyter-venv}
need_output "$file" jupyter-warmup
environment=$(<"$file")
wheel=$(the_wheel)
uv pip install --python "$environment/bin/python" --no-deps --reinstall "$wheel"
imported=$(answer_of "$environment/bin/python" \
  'import os, buckaroo; os.write(3, os.fsencode(buckaroo.__file__))')
[[ $imported == "$environment"/* ]] ||
  fail "expected the wheel's buckaroo in $environment, found $imported: remove $environment"
say "the notebooks import $imported"
