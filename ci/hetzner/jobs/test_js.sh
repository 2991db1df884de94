#!/usr/bin/env bash
# Runs the unit tests of the JavaScript core with jest. No port. Reads PW_GREP_FILTER, and exits
# with 5 if it is set and no test matches it.
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need_subject packages/buckaroo-js-core/package.json "it says how the JavaScript core is tested"
install_node_modules
cd packages/buckaroo-js-core
if [[ -z $PW_GREP_FILTER ]]; then
  pnpm run test
  exit
fi
# jest passes when its filter matches nothing: its report has the number of tests that ran
report=$CI_WORK_DIR/jest.json
rm -f "$report"
pnpm run test -t "$PW_GREP_FILTER" --json --outputFile "$report"
ran=$(python3 "$BODY_LIB/buckaroo/test_report.py" jest "$report")
[[ $ran -gt 0 ]] || nothing_to_test "no test matches the filter $PW_GREP_FILTER"
say "$ran tests match the filter $PW_GREP_FILTER"
