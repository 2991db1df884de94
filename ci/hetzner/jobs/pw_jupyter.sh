#!/usr/bin/env bash
# Browser tests of the notebooks in JupyterLab: one notebook at a time on each of the servers of
# jupyter-warmup. Reads PW_GREP_FILTER; a notebook none of whose tests match it passes.
# shellcheck disable=SC2329 # functions are called through part
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

need node
install_node_modules
servers_file=${CI_OUT_JUPYTER_WARMUP_SERVERS:-$CI_WORK_DIR/jupyter-servers}
need_file "$servers_file" "the servers of jupyter-warmup"
mapfile -t servers <"$servers_file"
environment=$(<"${CI_OUT_JUPYTER_WARMUP_VENV:-$CI_WORK_DIR/jupyter-venv}")
reports=$CI_WORK_DIR/playwright-jupyter
rm -rf "$reports"
mkdir -p "$reports"

names=(buckaroo_widget buckaroo_infinite_widget polars_widget polars_infinite_widget dfviewer
  dfviewer_infinite polars_dfviewer polars_dfviewer_infinite infinite_scroll_transcript)
notebooks=()
for name in "${names[@]}"; do
  if [[ -e tests/integration_notebooks/test_$name.ipynb ]]; then
    notebooks+=("test_$name.ipynb")
  else
    say "no test_$name.ipynb in this commit: nothing to run of it"
  fi
done
[[ ${#notebooks[@]} -gt 0 ]] || fail "expected notebooks to test, this commit has none of them"

run_notebook() { # run_notebook NOTEBOOK SERVER
  local notebook=$1 server=$2 name=${1%.ipynb} options=()
  local spec=pw-tests/integration.spec.ts
  [[ $name != test_infinite_scroll_transcript ]] || spec=pw-tests/infinite-scroll-transcript.spec.ts
  [[ -z ${PW_GREP_FILTER:-} ]] || options+=(--grep "$PW_GREP_FILTER" --pass-with-no-tests)
  # what a notebook left on a server changes what the next one shows
  "$environment/bin/python" "$BODY_LIB/jupyter_warm.py" reset "$server" || return
  TEST_NOTEBOOK=$notebook JUPYTER_BASE_URL=$server PLAYWRIGHT_HTML_OPEN=never \
    PLAYWRIGHT_HTML_OUTPUT_DIR=$reports/html-$name \
    npx --no-install playwright test "$spec" --config playwright.config.integration.ts \
    --timeout 180000 --retries 2 --output "$reports/$name" "${options[@]}"
}

serve_share() { # serve_share N: every so many-th notebook, one after the other, on one server
  local n=$1 index failed=()
  for ((index = n; index < ${#notebooks[@]}; index += ${#servers[@]})); do
    say "${notebooks[index]} on ${servers[n]}"
    run_notebook "${notebooks[index]}" "${servers[n]}" || failed+=("${notebooks[index]}")
  done
  [[ ${#failed[@]} -eq 0 ]] || fail "failed: ${failed[*]}"
}

cd packages/buckaroo-js-core
for n in "${!servers[@]}"; do
  part "server $n" serve_share "$n"
done
finish_parts
