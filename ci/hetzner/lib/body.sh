#!/bin/false
# shellcheck shell=bash
# What the job bodies share. Only defines; each body sources it and calls `begin` first.
# Unaware of runs, edges and outcomes: a body does its work and exits with an honest code.

BODY_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "--- $*"; }

fail() {
  echo "$*" >&2
  exit 1
}

# Settings come from the runner; by hand they are asked from their one home.
begin() {
  # 5 means that there was nothing to test, and passes: only `exit 5` says that, no tool that fails
  set -o errtrace
  trap '[[ $? -ne 5 ]] || exit 1' ERR
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
  # an activated environment or a search path of the caller's would be tested in place of ours
  unset VIRTUAL_ENV PYTHONPATH PYTHONHOME
  # an interpreter that uv fetches by itself is not the one that was asked for
  export UV_PYTHON_DOWNLOADS=never
  mkdir -p "$CI_WORK_DIR" "$CI_VENVS_DIR"
  cd "$CI_REPO_DIR"
}

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null ||
      fail "expected $program on PATH, found none: install it, then run this again"
  done
}

# need_file PATH WHY: a commit that lacks it cannot pass this job, and says so
need_file() {
  [[ -e $1 ]] || fail "expected $1 ($2), this commit does not have it: the job cannot check it"
}

# need_subject PATH WHY: what the job tests. A commit that predates it has nothing to test: exit 5.
need_subject() {
  has_subject "$@" || nothing_to_test
}

nothing_to_test() {
  say "nothing to test"
  exit 5
}

# has_subject PATH WHY: whether this commit has a part of what the job tests; 1 if it predates it:
# nothing in its history ever had it. A commit that lost it is a failure, and so is a history that
# cannot tell, as that of a shallow clone (git-rev-list(1), "History Simplification").
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
    fail "$lacks, an earlier one did (see ${last:0:12}): the job cannot check what was removed"
  say "this commit predates $1 ($2)"
  return 1
}

# git in the repository under test, as it was committed, and without a network
history() {
  GIT_NO_REPLACE_OBJECTS=1 GIT_GRAFT_FILE=/dev/null/none GIT_LITERAL_PATHSPECS=1 \
    GIT_NO_LAZY_FETCH=1 GIT_TERMINAL_PROMPT=0 \
    git -C "$CI_REPO_DIR" -c core.commitGraph=false -c protocol.allow=never "$@"
}

# need_output PATH JOB: what another job writes
need_output() {
  [[ -e $1 ]] || fail "expected $1, found nothing: run $2 first"
}

# ---- Python

# Prints the interpreter of exactly this version, or fails with what to do.
python_of() { python3 "$BODY_LIB/pythons.py" "$1"; }

# uv picks interpreters by itself when it is not told; what counts is what the environment says
check_version() {
  local found
  found=$("$1/bin/python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])') ||
    fail "$1: expected Python $2, its interpreter does not start: remove $1, then run this again"
  [[ $found == "$2" ]] ||
    fail "$1: expected Python $2, found $found: remove $1, then run this again"
}

# sync_environment DIRECTORY VERSION [OPTION…]
sync_environment() {
  local environment=$1 version=$2 python
  shift 2
  need uv
  need_file uv.lock "the locked versions of the Python dependencies"
  python=$(python_of "$version")
  # it is no longer what the lock check built, unless that was from the same lock
  grep -qs "$(sha256sum uv.lock | cut -d' ' -f1)" "$environment/.built-for.json" ||
    rm -f "$environment/.built-for.json"
  UV_PROJECT_ENVIRONMENT=$environment uv sync --locked --python "$python" "$@"
  check_version "$environment" "$version"
}

# Prints the environment that a lock check or test-python-V made; nobody else may sync it.
existing_environment() {
  local environment=$CI_VENVS_DIR/$1 built_for
  need_file uv.lock "the locked versions of the Python dependencies"
  if [[ ! -x $environment/bin/python ]]; then
    python_of "$1" >/dev/null
    fail "expected the environment $environment, found none: run test-python-$1 (or pipeline.py)"
  fi
  check_version "$environment" "$1"
  # checkouts share it: what the last one had it built for stands in there
  if [[ -e $environment/.built-for.json ]]; then
    built_for=$(python3 -I -c 'import json, sys; print(json.load(open(sys.argv[1]))["uv.lock"])' \
      "$environment/.built-for.json")
    [[ $(sha256sum uv.lock) == "$built_for "* ]] ||
      fail "expected $environment to be built for this uv.lock, it is for another: run test-python-$1 (or pipeline.py)"
  fi
  echo "$environment"
}

# prepare_environments FILE: sets PYTHON, the interpreter of new environments, and CONSTRAINTS, the
# locked versions in FILE: without them an installation gets the newest of everything, and breaks
prepare_environments() {
  need uv
  PYTHON=$(python_of "$JUPYTER_PYTHON")
  CONSTRAINTS=
  if [[ ! -e uv.lock ]]; then
    say "no uv.lock in this commit: versions are not constrained"
    return
  fi
  uv export --quiet --locked --python "$PYTHON" --all-extras --no-hashes --no-emit-project \
    --output-file "$1" >/dev/null
  CONSTRAINTS=$1
}

# new_environment DIRECTORY REQUIREMENT…: made from nothing
new_environment() {
  local environment=$1
  shift
  uv venv --quiet --clear --python "$PYTHON" "$environment"
  check_version "$environment" "$JUPYTER_PYTHON"
  UV_CONSTRAINT=$CONSTRAINTS uv pip install --quiet --python "$environment/bin/python" "$@"
}

# temporary_environments NAME: sets TEMPORARY, a directory that is removed when the body ends. Its
# name is the same in every run on this checkout, so what a killed body left goes, too.
temporary_environments() {
  TEMPORARY=$CI_VENVS_DIR/$1-${CI_WORK_DIR##*/}
  rm -rf "$TEMPORARY"
  mkdir -p "$TEMPORARY"
  trap 'rm -rf "$TEMPORARY"' EXIT
  prepare_environments "$TEMPORARY/constraints.txt"
}

# Prints the one wheel that build-wheel made.
the_wheel() {
  local directory=${CI_OUT_BUILD_WHEEL_WHEEL:-$CI_WORK_DIR/wheel} wheels
  need_output "$directory" build-wheel
  wheels=$(find "$directory" -maxdepth 1 -name '*.whl')
  [[ $wheels == *.whl && $wheels != *$'\n'* ]] ||
    fail "expected one wheel in $directory, found: ${wheels:-none}; run build-wheel again"
  echo "$wheels"
}

# The body of install-wheel: over the editable install in the environment of the Jupyter servers.
install_wheel() {
  set -euo pipefail
  begin
  need uv
  local file wheel environment imported
  file=${CI_OUT_JUPYTER_WARMUP_VENV:-$CI_WORK_DIR/jupyter-venv}
  need_output "$file" jupyter-warmup
  environment=$(<"$file")
  wheel=$(the_wheel)
  uv pip install --python "$environment/bin/python" --no-deps --reinstall "$wheel"
  imported=$("$environment/bin/python" -I -c 'import buckaroo; print(buckaroo.__file__)')
  [[ $imported == "$environment"/* ]] ||
    fail "expected the wheel's buckaroo in $environment, found $imported: remove $environment"
  say "the notebooks import $imported"
}

# ---- JavaScript

# Everybody who needs node_modules calls this. The lock keeps two jobs from installing at once on
# a clean tree; what matches is not touched, so that no running test sees it re-linked.
install_node_modules() {
  need node pnpm flock
  need_file packages/pnpm-lock.yaml "the locked versions of the JavaScript dependencies"
  (
    flock --nonblock 9 || {
      say "waiting for another job's pnpm install"
      flock 9
    }
    local stamp=packages/node_modules/.ci-installed
    if [[ -e $stamp && $(<"$stamp") == "$(node_modules_state)" ]]; then
      say "node_modules match the lock file"
      exit 0
    fi
    # only a whole installation is stamped: a half one looks complete to pnpm's own files
    rm -f "$stamp"
    pnpm --dir packages install --frozen-lockfile
    node_modules_state >"$stamp"
  ) 9>"$CI_WORK_DIR/pnpm.lock"
}

# Prints what was locked, and which packages have modules: one that needs none has no directory.
node_modules_state() {
  local package
  git hash-object packages/pnpm-lock.yaml
  for package in packages packages/js packages/buckaroo-js-core; do
    [[ ! -d $package/node_modules ]] || echo "$package"
  done
}

# no_test_matches CONFIG [SPEC]: whether there is a filter, and no test of the suite matches it.
# That is no failure of a filtered run, as with pytest, and costs no server. Any doubt (a listing
# that fails, too) means no: then the suite runs, and says what is wrong with it.
no_test_matches() {
  local config=$1 listed
  shift
  [[ -n ${PW_GREP_FILTER:-} && -e $config ]] || return 1
  listed=$(npx --no-install playwright test "$@" --config "$config" --list \
    --grep "$PW_GREP_FILTER" --pass-with-no-tests) || return 1
  [[ $listed == *"Total: 0 tests in 0 files"* ]] || return 1
  say "no test of $config matches the filter $PW_GREP_FILTER: nothing to run"
}

# playwright_script TARGET: runs the repository's own script for a target
playwright_script() {
  local target=$1
  local script=scripts/test_playwright_$target.sh config=playwright.config.${target//_/-}.ts
  # the storybook's is the one without a name
  [[ $target != storybook ]] || config=playwright.config.ts
  need_subject "$script" "it starts the target and its specs"
  need lsof curl
  install_node_modules
  if (cd packages/buckaroo-js-core && no_test_matches "$config"); then
    return
  fi
  SKIP_INSTALL=1 PW_GREP=${PW_GREP_FILTER:-} PLAYWRIGHT_HTML_OPEN=never \
    PLAYWRIGHT_HTML_OUTPUT_DIR="$CI_WORK_DIR/playwright-$target" bash "$script"
}

# ---- ports

# free_ports SETTING PORT…: on the box whoever holds one is stopped, elsewhere it is an error
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
  holder=$(python3 "$BODY_LIB/ports.py" holder "$port") || code=$?
  case $code in
    0) fail "expected port $port to be free, found $holder; stop it, or set $setting to another" ;;
    1) ;;
    *) fail "port $port: whether it is free could not be found out (exit code $code)" ;;
  esac
}

# ---- parts that run side by side; none of their exit codes is lost

PART_NAMES=()
PART_PIDS=()
PART_CODES=() # NAME=CODE

# part NAME COMMAND…: starts it, its lines marked with its name
part() {
  local name=$1
  shift
  (
    trap - ERR # whoever waits for the parts judges their codes
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

# finish NAME=CODE…: names what failed, and exits with the first code that is not 0 (1 for 5)
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
  [[ $worst -ne 5 ]] || worst=1
  exit "$worst"
}

# finish_pytest NAME=CODE…: the same; 5 (no tests collected) only if that was so everywhere
finish_pytest() {
  local pair others=()
  for pair in "$@"; do
    if [[ ${pair##*=} -eq 5 ]]; then
      say "${pair%=*}: no tests were collected"
    else
      others+=("$pair")
    fi
  done
  [[ ${#others[@]} -gt 0 ]] || exit 5
  finish "${others[@]}"
}
