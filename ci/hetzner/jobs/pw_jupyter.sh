#!/usr/bin/env bash
# Browser tests of the notebooks in JupyterLab: one notebook at a time on each of the servers of
# jupyter-warmup, in rounds when there are fewer servers than notebooks. Their ports: see there.
# Reads PW_GREP_FILTER; the servers' URLs with their token, and their environment, from
# jupyter-warmup.
# Exits with 5 if no test matches the filter, or the commit predates all notebooks.
# shellcheck disable=SC2329 # functions are called through part
set -euo pipefail
# shellcheck source=../lib/body.sh
. "$(dirname "$0")/../lib/body.sh"
begin

servers_file=${CI_OUT_JUPYTER_WARMUP_SERVERS:-$CI_WORK_DIR/jupyter-servers}
environment_file=${CI_OUT_JUPYTER_WARMUP_VENV:-$CI_WORK_DIR/jupyter-venv}
need_output "$servers_file" jupyter-warmup
need_output "$environment_file" jupyter-warmup
mapfile -t servers <"$servers_file"
[[ ${#servers[@]} -gt 0 ]] || fail "expected URLs in $servers_file, found none: run jupyter-warmup"
# the token of the servers, not of this run: they may have been started by hand
[[ ${servers[0]} != *token=* ]] || export JUPYTER_TOKEN=${servers[0]##*token=}
servers=("${servers[@]%/\?token=*}")
environment=$(<"$environment_file")
install_node_modules
reports=$CI_WORK_DIR/playwright-jupyter
rm -rf "$reports"
mkdir -p "$reports"

spec_of() { # spec_of NOTEBOOK: prints the spec that looks at it, from the JavaScript core
  local spec=integration
  [[ $1 != test_infinite_scroll_transcript ]] || spec=infinite-scroll-transcript
  echo "pw-tests/$spec.spec.ts"
}

names=(buckaroo_widget buckaroo_infinite_widget polars_widget polars_infinite_widget dfviewer
  dfviewer_infinite polars_dfviewer polars_dfviewer_infinite infinite_scroll_transcript)
notebooks=()
for name in "${names[@]}"; do
  notebook=test_$name
  if has_subject "tests/integration_notebooks/$notebook.ipynb" "it shows a widget" &&
    has_subject "packages/buckaroo-js-core/$(spec_of "$notebook")" "it looks at what the notebook shows"; then
    notebooks+=("$notebook")
  fi
done
[[ ${#notebooks[@]} -gt 0 ]] || nothing_to_test "no notebook is tested"

run_notebook() { # run_notebook NAME SERVER: returns the exit code of its tests
  local name=$1 server=$2 filter=() matching code=0
  local config=playwright.config.integration.ts spec
  spec=$(spec_of "$name")
  export TEST_NOTEBOOK=$name.ipynb JUPYTER_BASE_URL=$server
  export PLAYWRIGHT_HTML_OPEN=never PLAYWRIGHT_HTML_OUTPUT_DIR=$reports/html-$name
  if [[ -n $PW_GREP_FILTER ]]; then
    if matching=$(matching_specs "$config" "$spec") && [[ -z $matching ]]; then
      say "no test of $name matches the filter $PW_GREP_FILTER: nothing to test"
      return 5
    fi
    filter=(--grep "$PW_GREP_FILTER")
  fi
  # kernels and workspaces that a notebook left on a server change what the next one shows
  "$environment/bin/python" "$BODY_LIB/buckaroo/jupyter_warm.py" reset "$server" || return 1
  npx --no-install playwright test "$spec" --config "$config" --timeout 180000 --retries 2 \
    --output "$reports/$name" "${filter[@]}" || code=$?
  # 5 would say that no test matches
  return $((code == 5 ? 1 : code))
}

serve() { # serve N: runs the notebooks of server N, one after the other
  local index code
  for ((index = $1; index < ${#notebooks[@]}; index += ${#servers[@]})); do
    code=0
    say "${notebooks[index]} on ${servers[$1]}"
    run_notebook "${notebooks[index]}" "${servers[$1]}" || code=$?
    echo "$code" >"$reports/${notebooks[index]}.code"
  done
}

cd packages/buckaroo-js-core
need_browser
junit_of_playwright playwright-jupyter
for number in "${!servers[@]}"; do
  part "server $number" serve "$number"
done
wait_for_parts
codes=()
for pair in "${PART_CODES[@]}"; do
  [[ ${pair##*=} -eq 0 ]] || codes+=("$pair")
done
for notebook in "${notebooks[@]}"; do
  # without a code the notebook did not run to its end
  code=$(cat "$reports/$notebook.code" || echo 1)
  codes+=("$notebook=$code")
done
finish_tests "${codes[@]}"
