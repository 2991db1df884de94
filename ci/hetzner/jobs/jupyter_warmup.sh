#!/usr/bin/env bash
# Serves the notebooks: JUPYTER_PARALLEL JupyterLab servers, ports from CI_PORT_JUPYTER on, each
# warmed up with a kernel. Stays in the foreground, so that the runner sees a server die.
# Reads JUPYTER_PARALLEL, JUPYTER_PYTHON and JUPYTER_TOKEN (the servers read it themselves; each run
# has its own by default, so that servers of another run refuse it).
# Writes $CI_WORK_DIR/jupyter-venv (its environment, as soon as that is ready: the wheel is
# installed while the servers start) and $CI_WORK_DIR/jupyter-servers (a URL with its token a line,
# for the eyes of the owner only).
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

last=$((CI_PORT_JUPYTER + JUPYTER_PARALLEL - 1))
mapfile -t ports < <(seq "$CI_PORT_JUPYTER" "$last")
free_ports CI_PORT_JUPYTER "${ports[@]}"
rm -f "$CI_WORK_DIR"/jupyter-{venv,servers}

# a home of their own: leftovers of other servers delay a start by seconds, and a developer's
# settings, workspaces and signatures are not ours to change
home=$CI_WORK_DIR/jupyter
rm -rf "$home"
mkdir -p "$home"/{config,data,runtime,ipython/profile_default,notebooks}
export JUPYTER_CONFIG_DIR=$home/config JUPYTER_DATA_DIR=$home/data
export JUPYTER_RUNTIME_DIR=$home/runtime IPYTHONDIR=$home/ipython

publish() { # publish NAME LINE…: written aside and renamed, so it is never seen half
  printf '%s\n' "${@:2}" >"$CI_WORK_DIR/.$1.new"
  mv "$CI_WORK_DIR/.$1.new" "$CI_WORK_DIR/$1"
}

shopt -s nullglob
notebooks=(tests/integration_notebooks/*.ipynb)
# servers without notebooks still show that this commit has an environment for them
if has_subject tests/integration_notebooks "they are served"; then
  [[ ${#notebooks[@]} -gt 0 ]] ||
    fail "expected tests/integration_notebooks/*.ipynb, found none: nothing to serve"
fi

# of this checkout alone: the wheel will be installed there. It gets no other package of the project
environment=$CI_WORK_DIR/venvs/jupyter
sync_environment "$environment" "$JUPYTER_PYTHON" --all-extras --no-install-project
need_module "$environment" websocket websocket-client
publish jupyter-venv "$environment"

# copies, for a server writes to its notebooks, and kernels start beside them: in the checkout they
# would import its package in place of the wheel's
[[ ${#notebooks[@]} -eq 0 ]] || cp "${notebooks[@]}" "$home/notebooks/"

pids=()
clean_up() {
  kill "${pids[@]}" 2>/dev/null || true
  # no job may reach servers that are gone
  rm -f "$CI_WORK_DIR/jupyter-servers"
}
at_exit clean_up

urls=()
for port in "${ports[@]}"; do
  "$environment/bin/jupyter-lab" --no-browser --allow-root --ip=127.0.0.1 --port="$port" \
    --ServerApp.port_retries=0 --ServerApp.allow_origin='*' --ServerApp.disable_check_xsrf=True \
    --ServerApp.root_dir="$home/notebooks" --LabApp.workspaces_dir="$home/workspaces-$port" \
    --FileCheckpoints.checkpoint_dir="$home/checkpoints-$port" >"$home/server-$port.log" 2>&1 &
  pids+=("$!")
  urls+=("http://127.0.0.1:$port")
done

# fail_for PID CODE: names the server that ended, and shows the end of its log
fail_for() {
  local index
  for index in "${!pids[@]}"; do
    if [[ ${pids[index]} == "$1" ]]; then
      tail -n 20 "$home/server-${ports[index]}.log" >&2
      fail "expected the server on port ${ports[index]} to stay, it ended with exit code $2"
    fi
  done
}

# trusted while the servers start, which takes longer
if [[ ${#notebooks[@]} -gt 0 ]]; then
  "$environment/bin/jupyter-trust" "$home"/notebooks/*.ipynb >/dev/null
fi
"$environment/bin/python" "$BODY_LIB/buckaroo/jupyter_warm.py" warm "${urls[@]}" &
warm=$!
code=0
wait -n -p ended "$warm" "${pids[@]}" || code=$?
fail_for "$ended" "$code"
if [[ $code -ne 0 ]]; then
  tail -n 20 "$home"/server-*.log >&2
  fail "not every server could be warmed up, see above"
fi
(umask 077 && publish jupyter-servers "${urls[@]/%//?token=$JUPYTER_TOKEN}")
say "${#urls[@]} servers are ready, their logs are in $home"

code=0
wait -n -p ended "${pids[@]}" || code=$?
fail_for "$ended" "$code"
