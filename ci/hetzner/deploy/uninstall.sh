#!/usr/bin/env bash
# Takes back what install.sh has made of this machine, with all runs, settings and secrets. Packages,
# the firewall, and the user ci with its home directory stay.
set -euo pipefail
shopt -s nullglob
here=$(cd "$(dirname "$0")" && pwd)

units=(/etc/systemd/system/ci-*.{service,timer})
if ((${#units[@]})); then
  systemctl disable -q --now "${units[@]##*/}"
  rm "${units[@]}"
fi
CI_IMAGE=none docker compose -p ci -f "$here/compose.yml" down --volumes
docker image ls --format '{{.Repository}}:{{.Tag}}' ci-runner | xargs -r docker image rm

rm -f /etc/systemd/system/caddy.service.d/ci.conf
rmdir --ignore-fail-on-non-empty /etc/systemd/system/caddy.service.d || true
if [[ -e /etc/caddy/Caddyfile.before-ci ]]; then
  mv -f /etc/caddy/Caddyfile.before-ci /etc/caddy/Caddyfile
fi
for place in /opt/ci /repo; do
  if grep -q "^$place $place none bind," /etc/fstab; then
    sed -i "\\#^$place $place none bind,#d" /etc/fstab
    umount --lazy "$place" || true # a part of install.sh was undone by hand
  fi
done
systemctl daemon-reload
systemctl restart caddy

# last: this file is in one of them
rm -rf /etc/ci-runner /opt/ci /opt/ci-runner /opt/ci-versions /repo /srv/pushed.git /usr/local/bin/ci
