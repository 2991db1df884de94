#!/bin/false
# shellcheck shell=bash
# Sourced by the test_playwright_*.sh scripts. Only defines.

core=packages/buckaroo-js-core

stop_listeners() { { lsof -ti "tcp:$1" -s tcp:listen || true; } | xargs -r kill; }

# start_server COMMAND…: in a group of its own, since a server may start others; the pipe that
# they all write to ends with the last of them
start_server() {
  local pipe
  exec {pipe}> >(cat)
  reader=$!
  set -m
  "$@" >&"$pipe" 2>&1 {pipe}>&- </dev/null &
  server=$!
  set +m
  exec {pipe}>&-
}

stop_server() {
  kill -- "-$server" 2>/dev/null || true
  wait "$server" 2>/dev/null || true
  wait "$reader"
}

# serve_and_test CONFIG PORT COMMAND…: starts the server, waits for it, runs the specs, stops it
serve_and_test() {
  local config=$1 port=$2 server reader code=0 options=()
  shift 2
  stop_listeners "$port"
  [[ ${SKIP_INSTALL:-} == 1 ]] || (cd packages && pnpm install --frozen-lockfile)
  start_server "$@"
  for _ in $(seq 300); do
    curl -sf -o /dev/null "http://127.0.0.1:$port/" && break
    kill -0 "$server" 2>/dev/null || {
      echo "the server ended by itself" >&2
      stop_server
      return 1
    }
    sleep 0.2
  done
  [[ -z ${PW_GREP:-} ]] || options+=(--grep "$PW_GREP" --pass-with-no-tests)
  (cd "$core" && npx --no-install playwright test --config "$config" "${options[@]}") || code=$?
  stop_server
  return "$code"
}
