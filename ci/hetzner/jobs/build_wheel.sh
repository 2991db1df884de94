#!/usr/bin/env bash
# Builds the wheel with the repository's own script and puts it, alone, into $CI_WORK_DIR/wheel.
# No port. The script skips the JavaScript build when the core's dist/ is there, reads
# PNPM_STORE_DIR, and rewrites the tracked file buckaroo/static/standalone.js.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need uv
need_file scripts/full_build.sh "it builds the wheel"
install_node_modules
# a wheel of an earlier build would pass for this one's
rm -f dist/buckaroo-*.whl
bash scripts/full_build.sh
shopt -s nullglob
wheels=(dist/buckaroo-*.whl)
[[ ${#wheels[@]} -eq 1 ]] ||
  fail "expected scripts/full_build.sh to make one dist/buckaroo-*.whl, found: ${wheels[*]:-none}"

aside=$CI_WORK_DIR/wheel.new
rm -rf "$aside"
mkdir "$aside"
cp "${wheels[0]}" "$aside/"
rm -rf "$CI_WORK_DIR/wheel"
mv "$aside" "$CI_WORK_DIR/wheel"
say "built ${wheels[0]}"
