#!/usr/bin/env bash
# Proves a box: a commit that is known to be green has to be green, then green again back to back,
# and the second run may leave nothing that was not there after the first: no process, no port, no
# file in /tmp or /dev/shm.
#
#   verify.sh SHA [BRANCH]   through the queue of this box
#   verify.sh --demo         through a queue and a worker of its own, on the demo's repository
#
# A developer's machine lacks tools, and other programs come and go: there the demo proves what can
# run, says what cannot, and looks at the processes of its runs alone.
# Without box.env and without a container it does the same on this machine (CI_QUEUE_COMMAND,
# CI_STATE_DIR). Exit codes: 0 proven; 1 a run was not green, or left something; 2 bad usage.
set -euo pipefail

here=$(cd "$(dirname "$0")" && pwd)
settings=${CI_BOX_ENV:-/etc/ci-runner/box.env}
container=
runner=$(dirname "$here")
if [[ -e $settings ]]; then
  set -a
  # shellcheck source=/dev/null
  . "$settings"
  set +a
  container=${CI_CONTAINER-ci}
fi
inside=() # begins a command where the jobs run
if [[ -n $container ]]; then
  inside=(docker exec -i "$container")
  runner=/opt/ci-runner
fi

main() {
  absent='' # jobs that this machine cannot run
  scratch=$(mktemp -d)
  trap finish EXIT
  case ${1-} in
    --demo) begin_demo ;;
    '' | -*)
      sed -n '2,/^set/s/^# \{0,1\}//p' "$0" >&2
      exit 2
      ;;
    *) commit=("$@") ;;
  esac
  local round
  for round in first second; do
    green "$round"
    snapshot "$round"
  done
  nothing_left
  echo "PROVEN${absent:+, but for what this machine leaves out: $absent}"
  echo "${commit[0]} was green twice, and the second run left nothing behind"
}

green() {
  local begun=$SECONDS code=0
  echo "--- the $1 run of ${commit[0]}"
  queue run --first "${commit[@]}" || code=$?
  if [[ $code != 0 ]] && ! { is_demo && absent=$(demo left-out); }; then
    echo "verify.sh: expected the $1 run of ${commit[0]} to be green, found exit code $code" >&2
    exit 1
  fi
  echo "--- green after $((SECONDS - begun)) s"
}

is_demo() { [[ -n ${worker-} ]]; }

demo() { python3 -P "$here/verify_demo.py" "$1" "$CI_STATE_DIR"; }

queue() {
  if is_demo || [[ ! -e $settings ]]; then
    python3 -P "$(dirname "$here")/pipeline.py" queue "$@"
  else
    "$here/ci.sh" queue "$@"
  fi
}

# lists all that there is, also twice: each run may leave one more of a kind; the same words each
# time, since the list has the words of its own process
snapshot() {
  local place=${CI_STATE_DIR:-$scratch}/verify.snapshot
  if is_demo && [[ ${#inside[@]} == 0 ]]; then
    demo processes | sort >"$scratch/$1"
    return
  fi
  "${inside[@]}" python3 -P "$runner/lib/cleanup.py" snapshot verify "$place"
  awk '/^=== / { next }
       /^--- / { title = substr($0, 5); next }
       title == "processes" { sub(/^[0-9]+ [0-9]+ . ?/, "") }
       title !~ /^(memory|file descriptors)$/ && $0 != "" { print title ": " $0 }' \
    "$place" | sort >"$scratch/$1"
  "${inside[@]}" rm "$place"
}

# a process that is about to end gets ten seconds
nothing_left() {
  local left try
  for try in {1..10}; do
    left=$(comm -13 "$scratch/first" "$scratch/second")
    [[ -n $left ]] || return 0
    sleep 1
    snapshot second
  done
  : "$try"
  printf 'verify.sh: the second run left:\n%s\n' "$left" >&2
  exit 1
}

# a queue, a worker and a repository of their own, in a state directory beside that of the box
begin_demo() {
  local state=${CI_STATE_DIR:-${XDG_CACHE_HOME:-$HOME/.cache}/ci-runner}/verify
  mkdir -p "$state"
  commit=("$(
    "${inside[@]}" python3 -P - "$runner" "$state" <<'PYTHON'
import sys
from pathlib import Path

sys.path.insert(0, sys.argv[1])
from lib.buckaroo import demo

print(demo.prepare(Path(sys.argv[2]), lambda line: print(line, file=sys.stderr)).commits["green"])
PYTHON
  )")
  export CI_STATE_DIR=$state
  printf -v CI_QUEUE_COMMAND '%q ' "${inside[@]}" python3 -P "$runner/pipeline.py" --demo --state-dir "$state"
  export CI_QUEUE_COMMAND GITHUB_TOKEN=
  python3 -P "$(dirname "$here")/pipeline.py" queue worker >"$scratch/worker.log" 2>&1 &
  worker=$!
  until [[ $(queue list) == *"a worker lives: "* ]]; do
    kill -0 "$worker" # or it has ended: so do we, with its words
    sleep 0.2
  done
}

finish() {
  local code=$?
  if [[ -n ${worker-} ]]; then
    kill "$worker" 2>/dev/null || true
    wait "$worker" || true
    [[ $code == 0 ]] || tail -n 20 "$scratch/worker.log" >&2
  fi
  rm -rf "$scratch"
  exit "$code"
}

main "$@"
