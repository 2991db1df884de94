"""Cleans a CI box up: in namespaces of its own, with its own /tmp, home, processes and ports.

Nothing outside can be reached from there, so the patterns are the real ones (unshare(1)).
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest
from pathlib import Path

HERE = Path(__file__).resolve().parents[2]
PYTHON = Path(sys.executable).resolve()  # not an environment's, which may be below /tmp

# $1 is the directory of the runner; the test reads the lines `NAME:…`
BOX = r"""
set -euo pipefail
(($$ == 1)) || { echo "expected to be pid 1 of a namespace, found $$" >&2; exit 9; }
below() { # PID: its first child
  local child=
  until read -r child _ <"/proc/$1/task/$1/children" || [[ -n $child ]]; do sleep 0.02; done
  echo "$child"
}
# the first of all, so that its parent gets the pid that the kernel's threads have elsewhere
NAME=jupyter-second bash -c 'exec -a "$NAME" sleep 300 & wait' &
(($! == 2)) || { echo "expected pid 2, found $!" >&2; exit 9; }
second=$(below 2)
mount --rbind "$1" /mnt
mount -t tmpfs none /tmp
cd /mnt
export CI_BOX=1 HOME=/tmp/home
mkdir -p /tmp/{pw-run,kept,home/.jupyter/lab/workspaces,home/.ipython/profile_default/db}
touch /tmp/.org.chromium.abc /tmp/home/.jupyter/lab/workspaces/{one,two} /tmp/home/kept
mkdir -p /tmp/home/.local/share/jupyter/runtime
touch /tmp/home/.local/share/jupyter/runtime/{kernel-1.json,jpserver-1.html,kept.json}

(exec -a jupyter-lab sleep 300) & jupyter=$!
(exec -a editor sleep 300) & editor=$!
(export CI_RUN_TAG=r1-1/job; exec -a tagged sleep 300) & tagged=$!
unshare --pid --fork --kill-child bash -c 'CI_RUN_TAG=r1-1/job exec -a foreign sleep 300' &
foreign=$(below $!)
"$PYTHON" -c '
import socket, sys, time
server = socket.socket(); server.bind(("", 8701)); server.listen(); time.sleep(300)' & server=$!
until "$PYTHON" lib/processes/ports.py holder 8701 >/dev/null; do sleep 0.02; done
if [[ $2 == live ]]; then
  started=$(cut -d' ' -f22 /proc/$$/stat)
  (export CI_RUN_TAG=r$$-$started/job; exec -a chromium sleep 300) & chromium=$!
  until grep -q chromium /proc/$chromium/cmdline; do sleep 0.02; done
fi
for pid in $jupyter $editor $tagged $second $foreign; do
  until grep -q sleep /proc/$pid/comm; do sleep 0.02; done
done

"$PYTHON" lib/cleanup.py processes | sed 's/^/said:/'
for name in jupyter editor tagged server second foreign chromium; do
  pid=${!name:-}
  [[ -n $pid ]] || continue
  state=lives
  grep -qs '^State:.[^ZX]' "/proc/$pid/status" || state=stopped
  echo "$name:$state"
done
(cd /tmp && find . -mindepth 1 \( -type f -o -empty \) | sort | sed 's/^/file:/')
"""


@unittest.skipUnless(shutil.which("unshare"), "needs unshare(1): apt install util-linux")
class TestCleanupOfABox(unittest.TestCase):
    def clean(self, situation: str) -> list[str]:
        namespaces = ["-Urmpn", "--fork", "--kill-child", "--mount-proc"]
        environ = os.environ | {"PYTHON": str(PYTHON)}
        for name in [name for name in environ if name.startswith("CI_")]:
            del environ[name]
        done = subprocess.run(
            ["unshare", *namespaces, "bash", "-c", BOX, "bash", str(HERE), situation],
            env=environ,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual(done.returncode, 0, done.stderr + done.stdout)
        return done.stdout.splitlines()

    def test_stale_processes_servers_and_files_are_gone_and_others_stay(self) -> None:
        lines = self.clean("idle")
        for state in ("jupyter:stopped", "tagged:stopped", "server:stopped", "editor:lives"):
            self.assertIn(state, lines)
        self.assertEqual(
            [line.removeprefix("file:./") for line in lines if line.startswith("file:")],
            [
                "home/.ipython/profile_default",
                "home/.jupyter/lab/workspaces",
                "home/.local/share/jupyter/runtime/kept.json",
                "home/kept",
                "kept",
            ],
        )
        said = "\n".join(line for line in lines if line.startswith("said:"))
        for what in ("jupyter-lab", "tagged", "removed /tmp/pw-run"):
            self.assertIn(what, said)

    def test_children_of_pid_2_are_not_taken_for_the_kernel_s(self) -> None:
        self.assertIn("second:stopped", self.clean("idle"))

    def test_tag_from_another_namespace_of_pids_says_nothing(self) -> None:
        self.assertIn("foreign:lives", self.clean("idle"))

    def test_live_run_keeps_its_processes_and_all_files(self) -> None:
        lines = self.clean("live")
        self.assertIn("chromium:lives", lines)
        self.assertIn("file:./pw-run", lines)
        # they were started by the runner, which here is the shell, so they are its
        self.assertIn("jupyter:lives", lines)
        self.assertIn("tagged:stopped", lines)


if __name__ == "__main__":
    unittest.main()
