#!/bin/false
# shellcheck shell=bash
# What the job bodies share. Only defines; each body sources it and calls `begin` first.

BODY_LIB=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)

say() { echo "--- $*"; }

fail() {
  echo "$*" >&2
  exit 1
}

# Settings come from the runner; by hand they are asked from their one home.
begin() {
  # without it a failure inside $(…) would go unnoticed
  shopt -s inherit_errexit
  if [[ -z ${CI_RUN_ID:-} ]]; then
    local exports
    exports=$(python3 "$BODY_LIB/settings.py" shell) || exit 2
    eval "$exports"
  fi
  mkdir -p "$CI_WORK_DIR" "$CI_VENVS_DIR"
  cd "$CI_REPO_DIR" || exit 1
}

need() {
  local program
  for program in "$@"; do
    command -v "$program" >/dev/null || fail "$program is not on PATH: install it, then rerun"
  done
}

# need_file PATH WHY: a commit that lacks it cannot pass this job, and says so
need_file() {
  [[ -e $1 ]] || fail "expected $1 ($2), this commit does not have it: the job cannot check it"
}

# ---- Python

# Prints the interpreter of exactly this version, or fails with what to do.
python_of() { python3 "$BODY_LIB/pythons.py" "$1"; }

# uv picks interpreters by itself when it is not told; what counts is what the environment says
check_version() {
  local found
  found=$("$1/bin/python" -I -c 'import sys; print("%d.%d" % sys.version_info[:2])') ||
    fail "$1: expected an environment with Python $2, its interpreter does not start: remove it"
  [[ $found == "$2" ]] || fail "$1: expected Python $2, found $found: remove it, then rerun"
}

# sync_environment DIRECTORY VERSION [OPTION…]
sync_environment() {
  local environment=$1 version=$2 python
  shift 2
  need uv
  need_file uv.lock "the locked versions of the Python dependencies"
  python=$(python_of "$version") || exit 1
  UV_PROJECT_ENVIRONMENT=$environment uv sync --locked --python "$python" "$@"
  check_version "$environment" "$version"
}

# The environment that a lock check or test-python-V made; nobody else may sync it.
existing_environment() {
  local environment=$CI_VENVS_DIR/$1
  [[ -x $environment/bin/python ]] ||
    fail "expected the environment $environment, found none: run test-python-$1 (or pipeline.py)"
  check_version "$environment" "$1"
  echo "$environment"
}

# Without the lock, an installation gets the newest of everything, and breaks on it.
export_constraints() {
  local file=$CI_WORK_DIR/constraints-$1.txt
  if [[ ! -e uv.lock ]]; then
    say "no uv.lock in this commit: versions are not constrained" >&2
    return
  fi
  uv export --quiet --locked --all-extras --no-hashes --no-emit-project \
    --output-file "$file" >/dev/null
  echo "$file"
}

# new_environment DIRECTORY REQUIREMENT…: made from nothing, with the locked versions
new_environment() {
  local environment=$1 python constraints
  shift
  need uv
  python=$(python_of "$JUPYTER_PYTHON") || exit 1
  constraints=$(export_constraints "$(basename "$environment")")
  uv venv --quiet --clear --python "$python" "$environment"
  check_version "$environment" "$JUPYTER_PYTHON"
  UV_CONSTRAINT=$constraints uv pip install --quiet --python "$environment/bin/python" "$@"
}

# The one wheel that build-wheel made.
the_wheel() {
  local directory=${CI_OUT_BUILD_WHEEL_WHEEL:-$CI_WORK_DIR/wheel} wheels
  wheels=("$directory"/*.whl)
  [[ ${#wheels[@]} -eq 1 && -e ${wheels[0]} ]] ||
    fail "expected one wheel in $directory, found ${#wheels[@]}: run build-wheel first"
  echo "${wheels[0]}"
}

# The body of install-wheel: over the editable install in the environment of the Jupyter servers.
install_wheel() {
  set -euo pipefail
  begin
  need uv
  local environment wheel
  environment=$(<"${CI_OUT_JUPYTER_WARMUP_VENV:-$CI_WORK_DIR/jupyter-venv}")
  wheel=$(the_wheel)
  uv pip install --python "$environment/bin/python" --no-deps --reinstall "$wheel"
  "$environment/bin/python" -I -c 'import buckaroo, sys; print("imports", buckaroo.__file__)'
}

# ---- JavaScript

# Everybody who needs node_modules calls this. The lock keeps two jobs from installing at once on
# a clean tree; when all is there nothing is touched, so no running test sees it re-linked.
install_node_modules() {
  need node pnpm flock
  need_file packages/pnpm-lock.yaml "the locked versions of the JavaScript dependencies"
  (
    flock 9
    if [[ packages/node_modules/.modules.yaml -nt packages/pnpm-lock.yaml &&
      -d packages/buckaroo-js-core/node_modules ]]; then
      say "node_modules match the lock file"
    else
      cd packages && CI=true pnpm install --frozen-lockfile
    fi
  ) 9>"$CI_WORK_DIR/pnpm.lock"
}

# playwright_script TARGET PORT SETTING: runs the repository's own script for a target
playwright_script() {
  local target=$1 port=$2 setting=$3
  local script=scripts/test_playwright_$target.sh
  need_file "$script" "it starts the target and its specs"
  need lsof curl
  free_port "$port" "$setting"
  install_node_modules
  SKIP_INSTALL=1 PW_GREP=${PW_GREP_FILTER:-} PLAYWRIGHT_HTML_OPEN=never \
    PLAYWRIGHT_HTML_OUTPUT_DIR="$CI_WORK_DIR/playwright-$target" bash "$script"
}

# ---- ports

# free_port PORT SETTING: on the box whoever holds it is stopped, elsewhere it is an error
free_port() {
  local holder
  if [[ ${CI_BOX:-} == 1 ]]; then
    python3 "$BODY_LIB/cleanup.py" port "$1" || fail "port $1 could not be freed"
  elif holder=$(python3 "$BODY_LIB/ports.py" holder "$1"); then
    fail "port $1 is held, $holder; stop it, or set $2 to another port"
  fi
}

# ---- parts that run side by side; none of their exit codes is lost

PART_NAMES=()
PART_PIDS=()
PART_CODES=()

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
    PART_CODES[index]=$code
    say "${PART_NAMES[index]}: exit code $code"
  done
}

# finish_parts: names the parts that failed and exits with the first such code
finish_parts() {
  local index worst=0 failed=()
  wait_for_parts
  for index in "${!PART_CODES[@]}"; do
    if [[ ${PART_CODES[index]} -ne 0 ]]; then
      failed+=("${PART_NAMES[index]}")
      [[ $worst -ne 0 ]] || worst=${PART_CODES[index]}
    fi
  done
  [[ $worst -eq 0 ]] || echo "failed: ${failed[*]}" >&2
  exit "$worst"
}

# finish_pytest CODE…: 5 (no tests collected) only if nothing was collected anywhere
finish_pytest() {
  local code overall=5
  for code in "$@"; do
    if [[ $code -ne 0 && $code -ne 5 ]]; then
      exit "$code"
    fi
    [[ $code -eq 5 ]] || overall=0
  done
  exit "$overall"
}
