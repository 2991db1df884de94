#!/usr/bin/env bash
# Builds the wheel with the repository's own script, in a tree of its own, and puts it, alone, into
# $CI_WORK_DIR/wheel, and the generated files of the package into static/ beside it. No port.
# The script skips the JavaScript build when the core's dist/ is there, reads PNPM_STORE_DIR, and
# rewrites buckaroo/static, a tracked file in it too.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need uv
need_file scripts/full_build.sh "it builds the wheel"
install_node_modules
prepare_environments "$CI_WORK_DIR/constraints-build.txt"
own_tree build-wheel --modules
core=packages/buckaroo-js-core/dist
built=${CI_OUT_BUILD_JS_DIST:-$CI_REPO_DIR/$core}
[[ ! -e $built ]] || bring "$built" "$core"
bash scripts/full_build.sh
shopt -s nullglob
wheels=(dist/buckaroo-*.whl)
[[ ${#wheels[@]} -eq 1 ]] ||
  fail "expected scripts/full_build.sh to make one dist/buckaroo-*.whl, found: ${wheels[*]:-none}"

aside=$CI_WORK_DIR/wheel.new
rm -rf "$aside"
mkdir "$aside"
cp "${wheels[0]}" "$aside/"
cp -a buckaroo/static "$aside/static"
rm -rf "$CI_WORK_DIR/wheel"
mv "$aside" "$CI_WORK_DIR/wheel"
say "built ${wheels[0]}"
