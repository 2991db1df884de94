#!/usr/bin/env bash
# Builds the wheel with the repository's own script and puts it, alone, into $CI_WORK_DIR/wheel.
# The script skips the JavaScript build when dist/ of the core is there, and rewrites the tracked
# file buckaroo/static/standalone.js.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need uv
need_file scripts/full_build.sh "it builds the wheel"
install_node_modules
rm -f dist/buckaroo-*.whl
bash scripts/full_build.sh
wheels=(dist/buckaroo-*.whl)
[[ ${#wheels[@]} -eq 1 && -e ${wheels[0]} ]] ||
  fail "expected one wheel dist/buckaroo-*.whl, found: ${wheels[*]}"

fresh=$(mktemp -d "$CI_WORK_DIR/wheel.XXXXXX")
cp "${wheels[0]}" "$fresh/"
rm -rf "$CI_WORK_DIR/wheel"
mv -T "$fresh" "$CI_WORK_DIR/wheel"
say "built $(basename "${wheels[0]}")"
