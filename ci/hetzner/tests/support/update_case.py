"""A box without containers, for tests of update.sh: versions, a queue, receiver and worker."""

from __future__ import annotations

import json
import os
import shutil
import signal
import socket
import subprocess
import tempfile
import time
import unittest
import urllib.request
from pathlib import Path

from lib.commit_queue import program_drain

HOME = Path(__file__).resolve().parents[2]
UPDATE = HOME / "deploy" / "update.sh"
PATIENCE = 60.0  # seconds until a test gives up
SHA = "1" * 40
# a container has systemd in its place: stops both services, starts those of `current`
RESTART = """#!/bin/bash
cd {box} || exit
for name in webhook worker; do
  if read -r pid <$name.pid; then
    kill "$pid"
    while grep -q '^State:.[^Z]' /proc/"$pid"/status; do sleep 0.05; done
  fi 2>/dev/null
done
runner={box}/versions/current/ci/hetzner
python3 -P $runner/webhook.py --port {port} >>webhook.log 2>&1 &
echo $! >webhook.pid
python3 -P $runner/pipeline.py queue worker >>worker.log 2>&1 &
echo $! >worker.pid
"""
# stands for a run of a commit: it names its directory and lasts until a file is there, or its box
# is gone
RUN = """#!/bin/bash
while [[ $1 != --name-to ]]; do shift; done
run={box}/state/runs/20260101T000000Z-1111111
mkdir -p $run
echo 20260101T000000Z-1111111 >"$2"
touch {box}/started
while [[ -e {box}/run ]]; do
  if [[ -e {box}/go ]]; then
    echo '{{"state": "ended", "sha": "{sha}", "exit_code": 0}}' >$run/summary.json
    touch {box}/ended
    exit 0
  fi
  sleep 0.05
done
exit 1
"""


def kill_group(child: subprocess.Popen[str]) -> None:
    """Kill an update that has not ended, with all that it started."""
    if child.poll() is None:
        os.killpg(child.pid, signal.SIGKILL)


class UpdateCase(unittest.TestCase):
    """A box in a directory, and the repository that its versions come from."""

    def setUp(self) -> None:
        super().setUp()
        self.box = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.versions = self.box / "versions"
        self.source = self.box / "source"
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            port: int = free.getsockname()[1]
        self.health = f"http://127.0.0.1:{port}/health"
        for name, text in (("restart", RESTART), ("run", RUN)):
            (self.box / name).write_text(text.format(box=self.box, port=port, sha=SHA))
            (self.box / name).chmod(0o755)
        self.settings = {
            "CI_SOURCE_URL": f"file://{self.source}",
            "CI_SOURCE_REF": "main",
            "CI_STATE_DIR": str(self.box / "state"),
            "CI_VERSIONS_DIR": str(self.versions),
            "CI_MACHINE_DIR": str(self.box / "machine"),
            "CI_QUEUE_COMMAND": str(self.box / "run"),
            "CI_RESTART": str(self.box / "restart"),
            "CI_HEALTH_URL": self.health,
            "CI_HEALTH_SECONDS": "60",
            "CI_CONTAINER": "",
            "CI_UNITS_DIR": "",
            "CI_USER": "",
            "CI_REPO_DIR": str(self.source),
            "CI_WITHOUT_SECRET": "1",
            "GITHUB_REPO": "owner/name",
        }
        (self.box / "machine").mkdir(mode=0o1777)
        self.first = self.make_source()
        self.addCleanup(self.stop_services)

    def make_source(self) -> str:
        place = self.source / "ci" / "hetzner"
        shutil.copytree(
            HOME, place, symlinks=True,
            ignore=shutil.ignore_patterns("tests", "demo", "docs", "__pycache__", ".*_cache"),
        )  # fmt: skip
        shutil.copy(HOME.parents[1] / "Dockerfile", self.source)
        self.git("init", "--quiet", "--initial-branch=main")
        return self.commit()

    def git(self, *words: str) -> str:
        who = ("-c", "user.name=n", "-c", "user.email=e@x", "-c", "core.hooksPath=/dev/null")
        argv = ["git", "-C", str(self.source), *who, *words]
        return subprocess.run(argv, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()

    def commit(self) -> str:
        """Commit the source as it is; return the commit."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "--allow-empty", "--message=m")
        return self.git("rev-parse", "HEAD")

    def broken(self, file: str) -> str:
        """Return a commit in which a program ends at once, without an error in its syntax."""
        program = self.source / "ci" / "hetzner" / file
        program.write_text("raise SystemExit(3)\n")
        return self.commit()

    def begin(self, *words: str, **settings: str) -> subprocess.Popen[str]:
        lines = {**self.settings, **settings}
        file = self.box / "box.env"
        file.write_text("".join(f"{name}={value}\n" for name, value in lines.items()))
        environ = {"PATH": os.environ["PATH"], "CI_BOX_ENV": str(file), "HOME": str(self.box)}
        child = subprocess.Popen(
            ["bash", UPDATE, *words], env=environ, cwd="/", start_new_session=True, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        self.addCleanup(kill_group, child)
        return child

    def told_by(self, child: subprocess.Popen[str]) -> str:
        """Return what an update says up to its end; one that does not end is killed."""
        try:
            told, _ = child.communicate(timeout=PATIENCE)
        except subprocess.TimeoutExpired:
            kill_group(child)
            raise
        return told

    def update(self, expected: int = 0, *words: str, **settings: str) -> str:
        """Update; return what it said."""
        with self.begin(*words, **settings) as child:
            told = self.told_by(child)
        self.assertEqual(child.returncode, expected, told + self.logs())
        return told

    def logs(self) -> str:
        return "".join(path.read_text()[-2000:] for path in self.box.glob("*.log"))

    def queue(self, *words: str) -> str:
        runner = self.versions / "current" / "ci" / "hetzner" / "pipeline.py"
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.box), **self.settings}
        argv = ["python3", "-P", str(runner), "queue", *words]
        done = subprocess.run(argv, env=environ, cwd="/", check=True, stdout=-1, text=True)
        return done.stdout

    def mode(self) -> str:
        return str(json.loads(self.queue("list", "--json"))["mode"])

    def why(self) -> str:
        """Return the reason of the mode."""
        return str(json.loads(self.queue("list", "--json"))["why"])

    def until(self, what: Path) -> None:
        end = time.monotonic() + PATIENCE
        while not what.exists():
            self.assertLess(time.monotonic(), end, f"{what} never came\n{self.logs()}")
            time.sleep(0.02)

    def until_draining(self) -> None:
        end = time.monotonic() + PATIENCE
        while not program_drain.holder(self.box / "state"):
            self.assertLess(time.monotonic(), end, f"nothing drains\n{self.logs()}")
            time.sleep(0.02)

    def in_use(self) -> str:
        """Return the name of the version in use."""
        return str((self.versions / "current").readlink())

    def serves(self, commit: str) -> None:
        """Check that this version is the one in use, and that all say so."""
        version = (self.versions / "current" / "VERSION").read_text()
        self.assertIn(f"commit {commit}\n", version)
        with urllib.request.urlopen(self.health, timeout=PATIENCE) as answer:
            fields = json.load(answer)
        self.assertIn(f"({commit[:12]})", fields["version"])
        self.assertTrue(fields["worker"])
        self.assertFalse((self.versions / "update").exists())

    def stop_services(self) -> None:
        for name in ("webhook", "worker"):
            try:
                pid = int((self.box / f"{name}.pid").read_text())
                os.kill(pid, signal.SIGTERM)
                end = time.monotonic() + PATIENCE
                status = Path(f"/proc/{pid}/status")  # gone, or dead and not yet reaped
                while "State:\tZ" not in status.read_text() and time.monotonic() < end:
                    time.sleep(0.02)
            except (OSError, ValueError):
                continue
