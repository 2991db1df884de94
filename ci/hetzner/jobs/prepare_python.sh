#!/usr/bin/env bash
# Makes the shared environment of a Python version for this commit's uv.lock: prepare_python.sh 3.13.
# It holds the locked dependencies and not the project, so that every checkout can use it. No port.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

[[ $# -eq 1 ]] || fail "usage: prepare_python.sh VERSION, such as 3.13"
version=$1
if [[ ! -e uv.lock ]]; then
  say "no uv.lock in this commit: no Python environment is made"
  exit
fi
need uv
python=$(python_of "$version")
environment=$(environments place "$version" "$python")
exclusively "$CI_VENVS_DIR/.${environment##*/}.lock" "another run, which makes $environment"
if found=$(environments find "$version"); then
  say "$found fits uv.lock"
  exit
fi
rm -rf "$environment" # half made
sync_environment "$environment" "$version" --dev --all-extras --no-install-project
need_module "$environment" xdist pytest-xdist
environments stamp "$version" "$python" "$environment"
say "made $environment"
