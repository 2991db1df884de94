"""verify.sh on a box without containers: a real queue and worker. For test_verify.py."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
PATIENCE = 60  # seconds until a test gives up
SHA = "1" * 40
# stands for the run of a commit: it names its directory, does what the test wants, and reports how
# that ended
RUN = """#!/bin/bash
while [[ $1 != --name-to ]]; do shift; done
echo run >>{box}/runs
name=20260101T00000$(wc -l <{box}/runs)Z-1111111
mkdir -p {box}/state/runs/$name
echo $name >"$2"
report={box}/state/runs/$name/summary.json
trap 'echo "{{\\"sha\\": \\"{sha}\\", \\"exit_code\\": $?}}" >$report' EXIT
{body}
"""


class Verify(unittest.TestCase):
    def setUp(self) -> None:
        super().setUp()
        self.assertLess(
            os.getpid(), 10, "expected a namespace of its own: run tests.runs.test_verify"
        )
        self.box = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.environ = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.box),
            "CI_STATE_DIR": str(self.box / "state"),
            "CI_QUEUE_COMMAND": str(self.box / "run"),
            "CI_BOX_ENV": str(self.box / "none"),
        }

    def verify(self, body: str) -> subprocess.CompletedProcess[str]:
        """Return the end of a call on a box whose runs do what `body` says."""
        run = self.box / "run"
        run.write_text(RUN.format(box=self.box, sha=SHA, body=body))
        run.chmod(0o755)
        argv = [sys.executable, "-P", str(HOME / "pipeline.py"), "queue", "worker"]
        with subprocess.Popen(
            argv, env=self.environ, cwd="/", stdout=subprocess.DEVNULL, stderr=subprocess.STDOUT
        ) as worker:
            try:
                return subprocess.run(
                    ["bash", HOME / "deploy" / "verify.sh", SHA], env=self.environ, cwd="/",
                    stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
                    timeout=PATIENCE, check=False,
                )  # fmt: skip
            finally:
                worker.send_signal(signal.SIGTERM)

    @contextlib.contextmanager
    def stranger(self, turns: str, seconds: int) -> Iterator[None]:
        """Sleep for so many seconds from each of these runs on, and make a file that says so."""
        script = f"""
            trap 'kill $(jobs -p)' TERM
            for n in {turns}; do
              until [[ $(wc -l <{self.box}/runs) == $n ]]; do sleep 0.05; done
              sleep {seconds} &
              until grep -qx sleep /proc/$!/comm; do sleep 0.01; done
              touch {self.box}/up-$n
            done
            wait"""
        with subprocess.Popen(["bash", "-c", script], stderr=subprocess.DEVNULL) as stranger:
            try:
                yield
            finally:
                stranger.terminate()

    def runs(self) -> int:
        return len((self.box / "runs").read_text().splitlines())

    def test_commit_that_is_green_twice_and_leaves_nothing_proves_the_box(self) -> None:
        done = self.verify("exit 0")
        self.assertEqual((done.returncode, self.runs()), (0, 2), done.stdout)
        self.assertIn("PROVEN", done.stdout)

    def test_red_run_ends_it(self) -> None:
        done = self.verify("exit 1")
        self.assertEqual((done.returncode, self.runs()), (1, 1), done.stdout)
        self.assertIn("expected the first run of 1111", done.stdout)

    def test_what_came_with_the_second_run_and_stays_is_named(self) -> None:
        # the worker stops each process of a run, so this one is none of its own
        with self.stranger("2", 4242):
            wait = f"[[ $(wc -l <{self.box}/runs) == 1 || -e {self.box}/up-2 ]]"
            leave = 'touch "/tmp/left-$name" "/dev/shm/left-$name"'
            done = self.verify(f"{leave}; until {wait}; do sleep 0.05; done")
        self.assertEqual((done.returncode, self.runs()), (1, 2), done.stdout)
        for left in ("processes: sleep 4242", "/tmp: left-", "/dev/shm: left-"):
            self.assertIn(left, done.stdout)

    def test_what_each_run_leaves_alike_is_named(self) -> None:
        with self.stranger("1 2", 4343):
            wait = f"until [[ -e {self.box}/up-$(wc -l <{self.box}/runs) ]]; do sleep 0.05; done"
            done = self.verify(wait)
        self.assertEqual((done.returncode, self.runs()), (1, 2), done.stdout)
        self.assertIn("processes: sleep 4343", done.stdout)


if __name__ == "__main__":
    unittest.main()
