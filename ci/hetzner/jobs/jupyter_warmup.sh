#!/usr/bin/env bash
# Serves the notebooks: JUPYTER_PARALLEL JupyterLab servers, ports from CI_PORT_JUPYTER on, each
# warmed up with a kernel. Stays in the foreground, so that a server that dies is noticed.
# Writes $CI_WORK_DIR/jupyter-venv (its environment, as soon as that is ready: the wheel is
# installed while the servers start) and $CI_WORK_DIR/jupyter-servers (a URL a line).
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

# a home of their own: leftovers of other servers delay a start by seconds, and a developer's
# settings, workspaces and signatures are not ours to change
home=$CI_WORK_DIR/jupyter
rm -rf "$home"
mkdir -p "$home"/{config,data,runtime,ipython}
export JUPYTER_CONFIG_DIR=$home/config JUPYTER_DATA_DIR=$home/data
export JUPYTER_RUNTIME_DIR=$home/runtime IPYTHONDIR=$home/ipython

publish() { # publish NAME LINE…: written aside and renamed, so it is never seen half
  printf '%s\n' "${@:2}" >"$CI_WORK_DIR/.$1.new"
  mv "$CI_WORK_DIR/.$1.new" "$CI_WORK_DIR/$1"
}

for ((n = 0; n < JUPYTER_PARALLEL; n++)); do
  free_port "$((CI_PORT_JUPYTER + n))" CI_PORT_JUPYTER
done

environment=$CI_VENVS_DIR/jupyter
sync_environment "$environment" "$JUPYTER_PYTHON" --all-extras --inexact
uv pip install --quiet --python "$environment/bin/python" websocket-client
publish jupyter-venv "$environment"

shopt -s nullglob
notebooks=(tests/integration_notebooks/*.ipynb)
[[ ${#notebooks[@]} -gt 0 ]] || fail "expected tests/integration_notebooks/*.ipynb, found none"
cp "${notebooks[@]}" .

pids=()
urls=()
for ((n = 0; n < JUPYTER_PARALLEL; n++)); do
  port=$((CI_PORT_JUPYTER + n))
  "$environment/bin/jupyter" lab --no-browser --allow-root --ip=127.0.0.1 --port="$port" \
    --ServerApp.port_retries=0 --IdentityProvider.token="$JUPYTER_TOKEN" \
    --ServerApp.allow_origin='*' --ServerApp.disable_check_xsrf=True \
    --ServerApp.root_dir="$CI_REPO_DIR" --LabApp.workspaces_dir="$home/workspaces-$port" \
    >"$home/server-$port.log" 2>&1 &
  pids+=("$!")
  urls+=("http://127.0.0.1:$port")
done
"$environment/bin/jupyter" trust "${notebooks[@]##*/}" >/dev/null

"$environment/bin/python" "$BODY_LIB/jupyter_warm.py" warm "${urls[@]}" || {
  tail -n 20 "$home"/server-*.log
  fail "not every server could be warmed up"
}
publish jupyter-servers "${urls[@]}"
say "${#urls[@]} servers are ready"

code=0
wait -n "${pids[@]}" || code=$?
tail -n 20 "$home"/server-*.log
fail "a server ended by itself, exit code $code"
