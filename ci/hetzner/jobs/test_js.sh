#!/usr/bin/env bash
# Runs the unit tests of the JavaScript core with jest or vitest. No port. Reads PW_GREP_FILTER, and
# exits with 5 if it is set and no test matches it. Writes $CI_WORK_DIR/junit/test-js.xml.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

# runs_with RUNNER: whether the package's script `test` calls it
runs_with() { grep -qE "\"test\" *: *\"([^\"]*[ /])?$1\\b" package.json; }

need_subject packages/buckaroo-js-core/package.json "it says how the JavaScript core is tested"
install_node_modules
cd packages/buckaroo-js-core
report=$CI_WORK_DIR/jest.json junit=$CI_WORK_DIR/junit/test-js.xml
rm -f "$report" "$junit"
runner=none options=()
if runs_with vitest; then
  runner=vitest options=(--reporter=default --reporter=junit --outputFile.junit="$junit")
elif runs_with jest || [[ -n $PW_GREP_FILTER ]]; then
  runner=jest options=(--json --outputFile "$report")
fi
[[ -z $PW_GREP_FILTER ]] || options+=(-t "$PW_GREP_FILTER")
code=0
pnpm run test "${options[@]}" || code=$?
if [[ $runner == jest ]]; then
  python3 "$BODY_LIB/buckaroo/jest_junit.py" "$report" "$junit" || say "test cases are not named"
fi
[[ $code -eq 0 ]] || exit "$code"
[[ -n $PW_GREP_FILTER ]] || exit 0
# both pass when a filter matches nothing: their reports have the number of tests that ran
[[ $runner == jest ]] || report=$junit
ran=$(python3 "$BODY_LIB/buckaroo/test_report.py" "$runner" "$report")
[[ $ran -gt 0 ]] || nothing_to_test "no test matches the filter $PW_GREP_FILTER"
say "$ran tests match the filter $PW_GREP_FILTER"
