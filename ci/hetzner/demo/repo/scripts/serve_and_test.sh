#!/bin/false
# shellcheck shell=bash
# Sourced by the test_playwright_*.sh scripts. Only defines.

core=packages/buckaroo-js-core

stop_listeners() { { lsof -ti "tcp:$1" -s tcp:listen || true; } | xargs -r kill; }

# serve_and_test CONFIG PORT COMMAND…: starts the server, waits for it, runs the specs, stops it
serve_and_test() {
  local config=$1 port=$2 server code=0 options=()
  shift 2
  stop_listeners "$port"
  [[ ${SKIP_INSTALL:-} == 1 ]] || (cd packages && pnpm install --frozen-lockfile)
  "$@" &
  server=$!
  for _ in $(seq 300); do
    curl -sf -o /dev/null "http://127.0.0.1:$port/" && break
    kill -0 "$server" 2>/dev/null || {
      echo "the server ended by itself" >&2
      return 1
    }
    sleep 0.2
  done
  [[ -z ${PW_GREP:-} ]] || options+=(--grep "$PW_GREP" --pass-with-no-tests)
  (cd "$core" && npx --no-install playwright test --config "$config" "${options[@]}") || code=$?
  kill "$server" 2>/dev/null || true
  stop_listeners "$port"
  wait "$server" 2>/dev/null || true
  return "$code"
}
