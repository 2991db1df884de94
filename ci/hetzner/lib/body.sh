#!/bin/false
# shellcheck shell=bash
# Functions of the job bodies. Only defines; each body sources it and calls `begin` first.
# Unaware of runs, edges and outcomes: a body does its work and exits with an honest code.

BODY_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "--- $*"; }

fail() {
  echo "$*" >&2
  exit 1
}

# nothing_to_test WHY: ends the body with 5; a body never ends with 5 otherwise
nothing_to_test() {
  say "$*: nothing to test"
  NOTHING_TO_TEST=1
  exit 5
}

# at_exit FUNCTION: calls it when the body ends in any way
at_exit() { AT_EXIT+=("$1"); }

NOTHING_TO_TEST=
AT_EXIT=()
end_body() {
  local code=$? step
  for step in "${AT_EXIT[@]}"; do "$step"; done
  if [[ $code -eq 5 && -z $NOTHING_TO_TEST ]]; then
    echo "a command of this body ended with exit code 5, which is no way to say that there is nothing to test" >&2
    exit 1
  fi
}

# Settings come from the runner; a body that is run by hand asks settings.py for them.
begin() {
  ((BASH_VERSINFO[0] * 100 + BASH_VERSINFO[1] >= 501)) ||
    fail "expected bash 5.1 or newer, found $BASH_VERSION: install it, and put it first on PATH"
  # without it a failure inside $(…) would go unnoticed
  shopt -s inherit_errexit
  if [[ -z ${CI_RUN_ID:-} ]]; then
    local exports
    exports=$(python3 "$BODY_LIB/settings.py" shell) || exit 2
    eval "$exports"
  fi
  # with it Playwright refuses a forgotten test.only, jest writes no snapshots, pnpm asks nothing
  export CI=1
  # an activated environment or a search path of the caller would be tested in place of ours
  unset VIRTUAL_ENV PYTHONPATH PYTHONHOME
  : "${PW_GREP_FILTER:=}"
  # an interpreter that uv fetches by itself is not the wanted one
  export UV_PYTHON_DOWNLOADS=never
  trap end_body EXIT
  mkdir -p "$CI_WORK_DIR" "$CI_VENVS_DIR"
  LISTINGS=$CI_WORK_DIR/listings-${0##*/}
  rm -rf "$LISTINGS" # of a body that was killed
  cd "$CI_REPO_DIR" || exit
}

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null ||
      fail "expected $program on PATH, found none: install it, then run this again"
  done
}

# need_file PATH WHY: fails for a commit that lacks the file
need_file() {
  [[ -e $1 ]] || fail "expected $1 ($2), this commit does not have it: the job cannot check it"
}

# need_subject PATH WHY: names the subject of the job. If the commit predates it, the body ends with
# 5: it has nothing to test.
need_subject() {
  has_subject "$@" || nothing_to_test "this commit is older than $1"
}

# has_subject PATH WHY: whether this commit has a part of the job's subject; 1 if the commit predates
# it: no commit in its history had it. A commit that lost it is a failure, and so is a history that
# is not whole, as that of a shallow clone (git-rev-list(1), "History Simplification").
has_subject() {
  [[ ! -e $1 ]] || return 0
  local lacks="expected $1 ($2), this commit does not have it" shallow last
  need git
  shallow=$(history rev-parse --is-shallow-repository) ||
    fail "$lacks: whether an earlier one had it cannot be told, git does not work here"
  [[ $shallow == false ]] ||
    fail "$lacks: whether an earlier one had it cannot be told, the clone is shallow: git fetch --unshallow"
  last=$(history rev-list --full-history --max-count=1 HEAD -- "$1") ||
    fail "$lacks: whether an earlier one had it cannot be told, the history is not whole"
  [[ -z $last ]] ||
    fail "$lacks, an earlier one did (see ${last:0:12}): the job cannot check a removed subject"
  say "this commit predates $1 ($2)"
  return 1
}

# git in the repository under test, as it was committed, and without a network
history() {
  GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null/none GIT_LITERAL_PATHSPECS=1 \
    GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0 \
    git -C "$CI_REPO_DIR" -c core.commitGraph=false -c protocol.allow=never "$@"
}

# need_output PATH JOB: fails unless the other job has written the path
need_output() {
  [[ -e $1 ]] || fail "expected $1, found nothing: run $2 first"
}

# exclusively FILE WHAT: keeps the lock of a file until this shell ends
exclusively() {
  local code=1
  while [[ $code -eq 1 ]]; do
    code=0
    exec 9>"$1"
    python3 "$BODY_LIB/buckaroo/hold_lock.py" 9 "$1" "$2" || code=$?
  done
  [[ $code -eq 0 ]] || fail "$1 could not be locked (exit code $code)"
}

# ---- trees

# own_tree NAME [--modules]: goes into a tree of this job's own, a copy of $CI_REPO_DIR as it is now,
# with node_modules on request: other jobs read $CI_REPO_DIR at the same time. They get files of this
# tree as outputs, and `bring` copies their files here.
own_tree() {
  local tree=$CI_WORK_DIR/trees/$1
  shift
  python3 "$BODY_LIB/buckaroo/job_tree.py" "$@" --apart "$CI_STATE_DIR" "$CI_REPO_DIR" "$tree"
  cd "$tree" || exit
}

# bring FROM TO: copies an output of another job over a path in this job's tree
bring() {
  rm -rf "$2"
  mkdir -p "$(dirname "$2")"
  cp -a "$1" "$2"
}

# Brings the generated files of the wheel's build: the package in the tree is not whole without them.
bring_static() {
  local static=${CI_OUT_BUILD_WHEEL_STATIC:-$CI_WORK_DIR/wheel/static}
  need_output "$static" build-wheel
  bring "$static" buckaroo/static
}

# ---- Python

# Prints the interpreter of exactly this version, or fails with what to do.
python_of() { python3 "$BODY_LIB/buckaroo/pythons.py" "$1"; }

# answer_of PYTHON CODE: prints the text that CODE writes to file descriptor 3. Imported modules and
# code at the start of an environment (sitecustomize, .pth files) may print: that is no answer.
answer_of() { "$1" -I -c "$2" 3>&1 >&2; }

# uv may pick another interpreter; the version that the environment itself prints counts
check_version() {
  local found
  found=$(answer_of "$1/bin/python" 'import os, sys; os.write(3, b"%d.%d" % sys.version_info[:2])') ||
    fail "$1: expected Python $2, its interpreter does not start: remove $1, then run this again"
  [[ $found == "$2" ]] ||
    fail "$1: expected Python $2, found $found: remove $1, then run this again"
}

# sync_environment DIRECTORY VERSION [OPTION…]: in an environment that no other job uses
sync_environment() {
  local environment=$1 version=$2 python
  shift 2
  need uv
  need_file uv.lock "the locked versions of the Python dependencies"
  python=$(python_of "$version")
  UV_PROJECT_ENVIRONMENT=$environment uv sync --locked --python "$python" "$@"
  check_version "$environment" "$version"
}

# Asks for the environments that all checkouts share, see there.
environments() { python3 "$BODY_LIB/buckaroo/environments.py" "$@"; }

# Prints the shared environment of a version that prepare_python.sh made for this lock.
existing_environment() {
  need_file uv.lock "the locked versions of the Python dependencies"
  environments find "$1" || {
    python_of "$1" >/dev/null
    fail "expected an environment of Python $1 for this uv.lock in $CI_VENVS_DIR, found none: run python-$1 (or pipeline.py)"
  }
}

# project_metadata JOB ENVIRONMENT: prints a directory for PYTHONPATH. It tells of the project, which
# is not installed in a shared environment: its version and entry points. The modules themselves are
# those of the tree around us, which has to come before it.
project_metadata() {
  local layer=$CI_WORK_DIR/project/$1 environment=$2 made_of
  made_of="$environment $(git hash-object --no-filters pyproject.toml)"
  if [[ ! -e $layer/.made-of || $(<"$layer/.made-of") != "$made_of" ]]; then
    rm -rf "$layer"
    PYTHONDONTWRITEBYTECODE=1 uv pip install --quiet --no-deps --python "$environment/bin/python" \
      --target "$layer" --editable . >&2
    mkdir -p "$layer"
    echo "$made_of" >"$layer/.made-of"
  fi
  echo "$layer"
}

# prepare_environments FILE [PYTHON]: sets PYTHON, the interpreter of new environments (default: the
# one of JUPYTER_PYTHON), and writes the locked versions to FILE. Every later installation, also by
# the repository's scripts, is held to them: otherwise it gets the newest of everything, and breaks
prepare_environments() {
  need uv
  PYTHON=${2:-$(python_of "$JUPYTER_PYTHON")}
  unset UV_CONSTRAINT UV_BUILD_CONSTRAINT PIP_CONSTRAINT
  if [[ ! -e uv.lock ]]; then
    say "no uv.lock in this commit: versions are not constrained"
    : >"$1"
    return
  fi
  uv export --quiet --locked --python "$PYTHON" --all-extras --no-hashes --no-emit-project \
    --output-file "$1" >/dev/null
  export UV_CONSTRAINT=$1 UV_BUILD_CONSTRAINT=$1 PIP_CONSTRAINT=$1
}

# new_environment DIRECTORY REQUIREMENT…: made from nothing
new_environment() {
  local environment=$1
  shift
  uv venv --quiet --clear --python "$PYTHON" "$environment"
  check_version "$environment" "$JUPYTER_PYTHON"
  uv pip install --quiet --python "$environment/bin/python" "$@"
}

# layered_environment DIRECTORY SHARED WHEEL: an environment that holds the wheel, and finds the packages
# of a shared one
layered_environment() {
  local environment=$1 packages shared
  uv venv --quiet --clear --python "$2/bin/python" "$environment"
  packages=("$environment"/lib/python*/site-packages)
  shared=("$2"/lib/python*/site-packages)
  # a line of a .pth file is one more directory to import from (Python's module site)
  echo "${shared[0]}" >"${packages[0]}/shared.pth"
  uv pip install --quiet --no-deps --python "$environment/bin/python" "$3"
}

# need_module ENVIRONMENT MODULE PACKAGE: installs a package that is not locked, if it is missing
need_module() {
  local python=$1/bin/python
  if ! "$python" -I -c "import importlib.util as u; exit(not u.find_spec('$2'))" >&2; then
    say "$3 is not in this commit's lock: installing it"
    prepare_environments "$CI_WORK_DIR/constraints-$3-${1##*/}.txt" "$python"
    uv pip install --quiet --python "$python" "$3"
  fi
}

# temporary_environments NAME: sets TEMPORARY, a directory that is removed when the body ends. Its
# name is the same in every run on this checkout, so that of a killed body is removed, too.
temporary_environments() {
  TEMPORARY=$CI_WORK_DIR/venvs/$1
  rm -rf "$TEMPORARY"
  mkdir -p "$TEMPORARY"
  at_exit remove_temporary
  prepare_environments "$TEMPORARY/constraints.txt"
}

remove_temporary() { rm -rf "$TEMPORARY"; }

# Prints the one wheel that build-wheel made.
the_wheel() {
  local directory=${CI_OUT_BUILD_WHEEL_WHEEL:-$CI_WORK_DIR/wheel} wheels
  need_output "$directory" build-wheel
  wheels=$(find "$directory" -maxdepth 1 -name '*.whl')
  [[ $wheels == *.whl && $wheels != *$'\n'* ]] ||
    fail "expected one wheel in $directory, found: ${wheels:-none}; run build-wheel again"
  echo "$wheels"
}

# ---- JavaScript

# Every job that needs node_modules calls this; in a run the job node-modules has done it. The lock
# keeps two jobs from installing at once. Matching modules are not touched, so that no running test
# sees them re-linked.
install_node_modules() {
  need node pnpm
  need_file packages/pnpm-lock.yaml "the locked versions of the JavaScript dependencies"
  node_modules_match || (
    exclusively "$CI_WORK_DIR/pnpm.lock" "another job's pnpm install"
    node_modules_match || {
      # a half installation looks complete to pnpm's own files, and so does one of which a part is gone
      rm -rf packages/node_modules packages/js/node_modules packages/buckaroo-js-core/node_modules
      pnpm --dir packages install --frozen-lockfile
      node_modules_state >packages/node_modules/.ci-installed
    }
  )
  say "node_modules match the lock file"
}

# Whether they are whole and those of the lock: only a whole installation is stamped.
node_modules_match() {
  local stamp=packages/node_modules/.ci-installed
  [[ -e $stamp && $(<"$stamp") == "$(node_modules_state)" ]]
}

# Prints the lock's hash and the packages that have modules: one without dependencies has none.
node_modules_state() {
  local package
  git hash-object --no-filters packages/pnpm-lock.yaml
  for package in packages packages/js packages/buckaroo-js-core; do
    [[ ! -d $package/node_modules ]] || echo "$package"
  done
}

# matching_specs CONFIG [SPEC…]: prints the spec files in which a test matches the filter, a line
# each. Fails in any doubt: then the suite runs, and shows its own error.
matching_specs() {
  local config=$1 listing=$LISTINGS/$BASHPID code=0
  shift
  mkdir -p "$LISTINGS"
  # to a file: the configuration may print, and that is no listing
  PLAYWRIGHT_JSON_OUTPUT_NAME=$listing npx --no-install playwright test "$@" --config "$config" \
    --list --reporter json --grep "$PW_GREP_FILTER" --pass-with-no-tests >&2 || code=$?
  if [[ $code -eq 0 ]]; then
    python3 "$BODY_LIB/buckaroo/test_report.py" playwright "$listing" || code=$?
  fi
  rm -f "$listing"
  return "$code"
}

# junit_of_playwright NAME: has each run of Playwright write the results of its test cases into
# $CI_WORK_DIR/junit/NAME-<pid>.xml, beside what its configuration reports
junit_of_playwright() {
  rm -f "$CI_WORK_DIR/junit/$1-"*.xml
  export CI_JUNIT=$CI_WORK_DIR/junit/$1 PW_TEST_REPORTER=$BODY_LIB/buckaroo/playwright_junit.cjs
}

# Fails with a sentence if the browser of this commit's Playwright is not there. A configuration
# that reads CI_CHROMIUM has another one.
need_browser() {
  if [[ -n ${CI_CHROMIUM:-} ]] && grep -qs CI_CHROMIUM playwright.config* pw-tests/*; then
    return
  fi
  node "$BODY_LIB/buckaroo/need_browser.cjs"
}

# playwright_tree TARGET: a tree of its own for playwright_script
playwright_tree() {
  need_subject "scripts/test_playwright_$1.sh" "it starts the target and its specs"
  need lsof curl
  install_node_modules
  own_tree "playwright-$1" --modules
}

# playwright_script TARGET: runs the repository's own script for a target, in this job's tree
playwright_script() {
  local target=$1 matching spec specs
  local script=scripts/test_playwright_$target.sh config=playwright.config.${target//_/-}.ts
  # the storybook's is the one without a name
  [[ $target != storybook ]] || config=playwright.config.ts
  # without a spec in the script, those of the configuration run
  specs=$({ grep -av '^ *#' "$script" | grep -aoE 'pw-tests/[A-Za-z0-9_./-]+\.spec\.ts' || true; } | sort -u)
  pushd packages/buckaroo-js-core >/dev/null || exit
  # shellcheck disable=SC2086 # a word each
  if [[ -n $PW_GREP_FILTER && -e $config ]] && matching=$(matching_specs "$config" $specs); then
    [[ -n $matching ]] || nothing_to_test "no test of $config matches the filter $PW_GREP_FILTER"
    # a script that runs one spec after the other would fail for those without a matching test
    for spec in $specs; do
      grep -qxF "$spec" <<<"$matching" || rm -f "$spec"
    done
  fi
  need_browser
  popd >/dev/null || exit
  junit_of_playwright "playwright-${target//_/-}"
  # scripts that do not quote their filter take it apart at blanks
  SKIP_INSTALL=1 PW_GREP=${PW_GREP_FILTER// /\\s} PLAYWRIGHT_HTML_OPEN=never \
    PLAYWRIGHT_HTML_OUTPUT_DIR="$CI_WORK_DIR/playwright-$target" bash "$script"
}

# ---- ports

# free_ports SETTING PORT…: stops holders of the ports on the box; elsewhere a holder is an error
free_ports() {
  local setting=$1 port pid checks=() held=0
  shift
  for port in "$@"; do
    free_port "$setting" "$port" &
    checks+=("$!")
  done
  for pid in "${checks[@]}"; do
    wait "$pid" || held=1
  done
  [[ $held -eq 0 ]] || exit 1
}

free_port() {
  local setting=$1 port=$2 holder code=0
  if [[ ${CI_BOX:-} == 1 ]]; then
    python3 "$BODY_LIB/cleanup.py" port "$port" || fail "port $port could not be freed, see above"
    return
  fi
  holder=$(python3 "$BODY_LIB/processes/ports.py" holder "$port") || code=$?
  case $code in
    0) fail "expected port $port to be free, found $holder; stop it, or set $setting to another" ;;
    1) ;;
    *) fail "port $port: whether it is free could not be found out (exit code $code)" ;;
  esac
}

# ---- parts that run side by side, without losing an exit code

PART_NAMES=()
PART_PIDS=()
PART_CODES=() # NAME=CODE

# part NAME COMMAND…: starts it, its lines marked with its name
part() {
  local name=$1
  shift
  (
    set -o pipefail
    "$@" 2>&1 | sed -u "s/^/[$name] /"
  ) &
  PART_NAMES+=("$name")
  PART_PIDS+=("$!")
}

# Waits for all parts and fills PART_CODES.
wait_for_parts() {
  local index code
  for index in "${!PART_PIDS[@]}"; do
    code=0
    wait "${PART_PIDS[index]}" || code=$?
    PART_CODES+=("${PART_NAMES[index]}=$code")
  done
}

# finish NAME=CODE…: names the parts that failed, and exits with the first code that is not 0
finish() {
  local pair worst=0 failed=()
  [[ $# -gt 0 ]] || fail "expected something to have run, found nothing"
  for pair in "$@"; do
    if [[ ${pair##*=} -ne 0 ]]; then
      failed+=("${pair%=*} (exit code ${pair##*=})")
      [[ $worst -ne 0 ]] || worst=${pair##*=}
    fi
  done
  [[ $worst -eq 0 ]] || printf 'failed: %s\n' "${failed[@]}" >&2
  exit "$worst"
}

# finish_tests NAME=CODE…: the same; 5 (no tests collected) only if that was so everywhere
finish_tests() {
  local pair others=()
  for pair in "$@"; do
    if [[ ${pair##*=} -eq 5 ]]; then
      say "${pair%=*}: no tests were collected"
    else
      others+=("$pair")
    fi
  done
  [[ ${#others[@]} -gt 0 ]] || nothing_to_test "no test was collected"
  finish "${others[@]}"
}
