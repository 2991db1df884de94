#!/bin/sh
# `ci queue list`, `ci status`, …: pipeline.py with the settings of this box, as its user.
# It knows no secret: the worker alone has the token.
set -eu
here=$(dirname "$(readlink -f "$0")")
set -a
# shellcheck source=/dev/null
. "${CI_BOX_ENV:-/etc/ci-runner/box.env}"
set +a
set -- python3 -P "$here/../pipeline.py" "$@"
user=${CI_USER-ci}
if [ -n "$user" ] && [ "$(id -un)" != "$user" ]; then
  if [ "$(id -u)" != 0 ]; then
    echo "ci: expected root or the user $user, found $(id -un): sudo ci …" >&2
    exit 2
  fi
  # root must not own a file of the queue
  set -- runuser -u "$user" -- "$@"
fi
exec "$@"
