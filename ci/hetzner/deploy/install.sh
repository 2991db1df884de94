#!/usr/bin/env bash
# Makes a CI box of this machine: directories, settings, checkout, Caddy, then the first version of
# the runner. cloud-init.yml calls it; by hand it is called as root once /etc/ci-runner/box.env has
# the lines that cloud-init.yml writes. A second call changes nothing that is there.
set -euo pipefail
here=$(cd "$(dirname "$0")" && pwd)
settings=/etc/ci-runner

# shellcheck source=/dev/null
. "$settings/box.env" # cloud-init.yml shows its lines
id ci >/dev/null 2>&1 || useradd --create-home --shell /bin/bash ci

# queue.db and its log files are the host's, run directories the container's (as root)
install -d -m 755 -o ci -g ci /opt/ci
install -d -m 755 /opt/ci-versions "$settings"
ln -sfnT /opt/ci-versions/current/ci/hetzner /opt/ci-runner
ln -sfn /opt/ci-runner/deploy/ci.sh /usr/local/bin/ci

# an own line of it, whatever ends the file so far
grep -q '^CI_STATE_DIR=' "$settings/box.env" || (echo && cat "$here/box.env.example") >>"$settings/box.env"
chmod 644 "$settings/box.env"
if [[ ! -e $settings/.env ]]; then
  install -m 600 /dev/null "$settings/.env.new"
  # made here; by hand GitHub is told the first, and each reader of the dashboard the second
  sed -E '/^(WEBHOOK_SECRET|CI_READ_TOKEN)=/d' "$here/.env.example" >"$settings/.env.new"
  for name in WEBHOOK_SECRET CI_READ_TOKEN; do
    printf '%s=%s\n' "$name" "$(openssl rand -hex 32)" >>"$settings/.env.new"
  done
  mv "$settings/.env.new" "$settings/.env"
fi

# whole or not at all, as the other steps: a second call goes on after one that was killed
if [[ ! -e /repo ]]; then
  rm -rf /repo.new
  git clone "$CI_REPO_URL" /repo.new
  mv -T /repo.new /repo
fi

# jobs write here as root of the container: on the host no set-user-id program of theirs counts, and
# no device. A line that the machine has for one of them stays as it is
for place in /opt/ci /repo; do
  if ! grep -Eq "\s$place\s" /etc/fstab; then
    mount -o bind,nosuid,nodev "$place" "$place"
    echo "$place $place none bind,nosuid,nodev,nofail 0 0" >>/etc/fstab
  fi
done

# `git push ssh://ci@BOX/srv/pushed.git HEAD:NAME` queues a commit. Jobs can write in /opt/ci and /repo
# as root, so what the host executes is elsewhere: a hook, or the settings of a repository
if [[ ! -e /srv/pushed.git ]]; then
  rm -rf /srv/pushed.new
  git init -q --bare /srv/pushed.new
  chown -R ci:ci /srv/pushed.new
  mv -T /srv/pushed.new /srv/pushed.git
fi
git -C /repo remote get-url pushed >/dev/null 2>&1 || git -C /repo remote add pushed /srv/pushed.git
if [[ -e /root/.ssh/authorized_keys && ! -e /home/ci/.ssh ]]; then
  install -d -m 700 -o ci -g ci /home/ci/.ssh
  install -m 600 -o ci -g ci /root/.ssh/authorized_keys /home/ci/.ssh/authorized_keys
  # where root may not log in, cloud-init lets its keys say only that (its setting disable_root)
  sed -i 's/^no-port-forwarding.*Please login as the user.*;exit 142" //' /home/ci/.ssh/authorized_keys
fi

# the file of the machine is kept; a second call leaves ours as it is
grep -q CI_DOMAIN /etc/caddy/Caddyfile ||
  install -m 644 --backup=simple --suffix=.before-ci "$here/Caddyfile" /etc/caddy/Caddyfile
install -d /etc/systemd/system/caddy.service.d
printf '[Service]\nEnvironmentFile=/etc/ci-runner/box.env\n' >/etc/systemd/system/caddy.service.d/ci.conf

bash "$here/update.sh"
ci queue hook --install /srv/pushed.git --by ci
systemctl daemon-reload
systemctl enable -q --now ci-poll.timer # here alone: an update leaves it off where a person wants that
systemctl restart caddy
echo "the box serves https://$CI_DOMAIN. Fill in $settings/.env, then: systemctl restart ci-webhook ci-worker"
echo "readers of its pages need a token: grep CI_READ_TOKEN $settings/.env, then open https://$CI_DOMAIN/?token=TOKEN"
