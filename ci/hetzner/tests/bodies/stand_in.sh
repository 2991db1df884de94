#!/usr/bin/env bash
# Stands in for a tool on the stage of body_stage.py: notes how it was called, fails if it is its
# turn, else leaves the files of the real tool.
call="${0##*/} $*"
call=${call//$STAGE/@}
echo "$call${LOG_VARIABLE:+ $LOG_VARIABLE=${!LOG_VARIABLE:-}}" >>"$STAGE/calls"
[[ $call != "${FAIL:-}" ]] || exit "${FAIL_CODE:-3}"

option() { # option NAME WORD…: the word that follows a name
  local name=$1
  while [[ $# -gt 1 && $2 != "$name" ]]; do shift; done
  echo "${3:-}"
}
environment() { # environment DIRECTORY INTERPRETER
  mkdir -p "$1/bin" "$1/lib/python3/site-packages"
  for name in python ruff pytest jupyter-lab jupyter-trust; do
    ln -sf "$STAGE/bin/stand-in" "$1/bin/$name"
  done
  echo "${2##*/python}" >"$1/version"
}

answer() { # answer TEXT: where the bodies look for it, after what code under test may print
  echo "must be running inside ipython"
  { echo "$1" >&3; } 2>/dev/null || echo "$1"
}
listing() { # listing FILE…: as Playwright's JSON reporter lists the tests in them
  local file specs=()
  for file in "$@"; do specs+=("{\"file\": \"$file\"}"); done
  local IFS=,
  echo "{\"errors\": [], \"config\": {\"rootDir\": \"$PWD/pw-tests\"},"
  echo "\"suites\": [{\"specs\": [], \"suites\": [{\"specs\": [${specs[*]}]}]}]}"
}

case $call in
  "uv sync"*) environment "$UV_PROJECT_ENVIRONMENT" "$(option --python "$@")" ;;
  "uv venv"*) environment "${!#}" "$(option --python "$@")" ;;
  "uv export"*) echo "constraint==${LOCKED:-1}" >"$(option --output-file "$@")" ;;
  "pnpm"*" install"*) mkdir -p packages/{,js/,buckaroo-js-core/}node_modules ;;
  "pnpm"*" build"*) mkdir -p dist && touch dist/index.es.js tsconfig.tsbuildinfo ;;
  "full_build.sh"*) mkdir -p dist buckaroo/static
    touch dist/buckaroo-1-py3-none-any.whl
    echo built >buckaroo/static/widget.js
    ;;
  "npx"*" --list"*)
    echo "Total: 0 tests in 0 files" # which a configuration may print
    # shellcheck disable=SC2086 # a word each
    listing ${LISTED-a.spec.ts} >"$PLAYWRIGHT_JSON_OUTPUT_NAME"
    ;;
  "pnpm"*" --json"*)
    echo "{\"numPassedTests\": ${MATCHED:-1}, \"numFailedTests\": 0, \"numRuntimeErrorTestSuites\": 0," \
      "\"testResults\": []}" >"$(option --outputFile "$@")"
    ;;
  "pnpm"*" --reporter=junit"*)
    mkdir -p "$STAGE/work/junit"
    echo "<testsuites><testcase>${MATCHED:+<skipped/>}</testcase></testsuites>" \
      >"$STAGE/work/junit/test-js.xml"
    ;;
  "python3."*"sys.executable"*) echo "${0##*/python} $0" ;;
  "python "*"sys.version_info"*) answer "${WRONG:-$(<"${0%/bin/*}/version")}" ;;
  "python "*buckaroo.__file__*) answer "${IMPORTED:-${0%/bin/*}/lib/buckaroo/__init__.py}" ;;
  "jupyter-lab"*) exec sleep "${SERVER_LIVES:-600}" ;;
esac
if [[ ${HANG:-} == "$call" ]]; then
  touch "$STAGE/hangs"
  exec sleep 600
fi
exit 0
