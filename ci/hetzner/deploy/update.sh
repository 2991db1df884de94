#!/usr/bin/env bash
# Brings a CI box to the newest version of the runner (CI_SOURCE_URL, CI_SOURCE_REF), or to one that
# it has: `update.sh NAME`, with a name that `ls /opt/ci-versions` shows, asks no network.
#
# The new version gets a directory of its own. When no commit runs any more, the link `current` is
# switched, so VERSION in it is always that of the version in use. The image is built, before that,
# only if what it is made of has changed. If the new version is not healthy, the box gets the old
# one back, with its image and its units. Until all is well the file `update` beside the versions
# names the old one: whatever ends this script, its end or the next call goes back by that file. The
# queue drains as long as this script lives.
#
# Exit codes: 0 the box has the version; 1 the new version was not healthy, or the update was
# refused: the box has the version from before; 2 the box is not healthy: look at it; 75 a commit
# ran longer than CI_DRAIN_SECONDS: nothing was changed, try again later.
set -euo pipefail
umask 022

settings=${CI_BOX_ENV:-/etc/ci-runner/box.env}
set -a
# shellcheck source=/dev/null
. "$settings" # install.sh writes it
set +a
export GIT_TERMINAL_PROMPT=0
versions=${CI_VERSIONS_DIR:-/opt/ci-versions}
container=${CI_CONTAINER-ci}              # empty: jobs run on the host, there is no image
units=${CI_UNITS_DIR-/etc/systemd/system} # empty: units are somebody else's business
restart=${CI_RESTART:-systemctl restart ci-webhook.service ci-worker.service}
health=${CI_HEALTH_URL:-http://127.0.0.1:9000/health}
patience=${CI_HEALTH_SECONDS:-60}
journal=$versions/update # the version from before, while the box is switched to another
words='journalctl --since -10min -u ci-webhook -u ci-worker; docker logs --tail 50 ci'
none='-' # stands for the version before the first one

# shellcheck source=versions.sh
. "$(dirname "$(readlink -f "$0")")/versions.sh"

main() {
  one_at_a_time
  local old new
  if [[ -e $journal ]]; then
    say "an earlier update was cut off"
    read -r old _ <"$journal"
    drain "$old"
    go_back
    end_drain
  fi
  old=$(current)
  if [[ -n ${1-} ]]; then
    kept "$1"
  else
    fetch
  fi
  new=$found
  if [[ $new == "$old" ]] && healthy "$new" 1; then
    say "the box has $new already, and is healthy"
    return
  fi
  have_image "$new"
  drain "$old"
  say "switching from $old to $new"
  note "$old"
  sick=
  if ! { switch "$new" && apply "$new" && healthy "$new" "$patience"; }; then
    say "$new is not healthy: ${sick:-its container or services do not start}; see $words"
    go_back
    [[ -z ${fresh-} ]] || rm -rf "${versions:?}/$new"
    exit 1
  fi
  rm "$journal"
  end_drain
  say "the box has $(tr '\n' ' ' <"$versions/current/VERSION")"
  if [[ $new != "$old" ]]; then
    tidy "$new" "$old"
    [[ $old == "$none" ]] || say "the way back: update.sh $old"
  fi
}

say() { echo "$(date +%T) $*"; }
fail() {
  say "$*" >&2
  exit 1
}
current() { readlink "$versions/current" || echo "$none"; }
files() { echo "$versions/$1/ci/hetzner/deploy"; }

# pipeline.py of version $1 on the host; and the one in use, where the jobs run
host() { "$(files "$1")/ci.sh" "${@:2}" 9>&-; }
inside() {
  if [[ -n $container ]]; then
    docker exec "$container" python3 -P /opt/ci-runner/pipeline.py "$@" 9>&-
  else
    host current "$@"
  fi
}

one_at_a_time() {
  mkdir -p "$versions"
  exec 9>"$versions/update.lock" # the kernel frees it, however we end; no child gets it
  flock -n 9 || fail "another update runs: wait for its end"
  trap 'exit 129' HUP
  trap 'exit 130' INT
  trap 'exit 143' TERM
  trap finish EXIT
  # what a killed one has left; git refuses to fetch beside locks
  rm -rf "$versions"/.new.* "$versions"/source.git/*.lock
}

# shellcheck disable=SC2317,SC2329 # called by the trap
finish() {
  local code=$?
  trap - EXIT
  if [[ -n ${switching-} && -e $journal ]]; then
    go_back
  fi
  end_drain
  rm -rf "$versions"/.new.*
  exit "$code"
}

# how to go back, from now on: the file is there, whole, before anything changes
note() {
  echo "$1" >"$journal.new"
  sync -f "$versions" # the new version as well: a power cut must not leave half of it
  mv -T "$journal.new" "$journal"
  switching=1
}

# lets the commits that run end, and starts no more, until `end_drain` or our own end: version $1
# drains while we hold its pipe, which no other process gets
drain() {
  local seconds=${CI_DRAIN_SECONDS:-1800} begun=$SECONDS code=0
  [[ $1 != "$none" ]] || return 0
  say "draining the queue: a commit that runs has $seconds s to end"
  coproc hold {
    trap '' HUP INT # a terminal sends them to it as well
    host "$1" queue drain --until-eof --why update.sh
  }
  holder=$! pipe=${hold[1]}
  read -r -t "$seconds" <&"${hold[0]}" || code=$?
  ((code == 0 || code > 128)) || fail "the queue cannot be drained: the box stays as it is"
  until ((code == 0)) && nothing_by_hand; do
    if ((SECONDS - begun >= seconds)); then
      say "a commit still runs after $seconds s: nothing was changed" >&2
      { host "$1" queue list && inside status; } | grep RUNNING >&2 || true
      exit 75
    fi
  done
}

# whether no run goes on that somebody started without the queue
nothing_by_hand() {
  [[ $(inside status 2>/dev/null) != *"RUNNING  "* ]] || ! sleep 1
}

end_drain() {
  [[ -n ${holder-} ]] || return 0
  exec {pipe}>&-
  wait "$holder" || true
  holder=
}

switch() {
  ln -sfnT "$1" "$versions/.current" && mv -fT "$versions/.current" "$versions/current"
}

# lets the box run a version that `current` leads to: units, container, services
apply() {
  local here
  here=$(files "$1")
  if [[ -n $units ]]; then
    install -m 644 "$here"/*.service "$here"/*.timer "$units" &&
      systemctl daemon-reload &&
      systemctl enable -q ci-webhook.service ci-worker.service &&
      systemctl enable -q --now ci-retention.timer ci-alive.timer || return
  fi
  if [[ -n $container ]]; then
    CI_IMAGE=ci-runner:${1#*-} docker compose -p ci -f "$here/compose.yml" up -d --no-build 9>&- || return
  fi
  $restart 9>&-
}

# waits up to $2 seconds for version $1: receiver and worker live, and jobs can be run
healthy() {
  local end=$((SECONDS + $2))
  until is_healthy "${1%-*}"; do
    ((SECONDS < end)) || return 1
    sleep 1
  done
}

# whether all is well with the version of commit $1; `sick` says why not
is_healthy() {
  local answer
  if ! answer=$(curl -sS -m 5 -w '%{http_code}' "$health" 2>&1 9>&-); then
    sick=${answer%000}
  elif [[ $answer != *200 ]]; then # the sentences among its problems
    sick="/health answers ${answer: -3}: $(sed -n 's/^  "\([^"]*\)",\{0,1\}$/\1/p' <<<"$answer" | tr '\n' ' ')"
  elif [[ $answer != *"($1)"* ]]; then
    sick="/health is answered by another version"
  elif ! answer=$(inside --list 2>&1); then
    sick="jobs cannot be run: $(tail -n 1 <<<"$answer")"
  else
    return 0
  fi
  return 1
}

# undoes an update that has not come to its end
go_back() {
  local old bad=
  read -r old _ <"$journal"
  if [[ $old == "$none" ]]; then
    bad="there is no version to go back to"
  else
    say "going back to $old"
    switch "$old" && apply "$old" || true
    healthy "$old" "$patience" || bad="the version from before is not healthy: $sick"
  fi
  rm "$journal"
  if [[ -n $bad ]]; then
    say "$bad; see $words, mend the cause, and call again" >&2
    exit 2
  fi
}

main "$@"
exit
