"""A run in a real container: `docker exec` passes on no signal, but the end of standard input."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import ClassVar

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from tests.support import docker_box, github_server
from tests.support.commit_stage import HETZNER, Stage
from tests.support.waiting import PATIENCE, wait_until

BEATS = 'while :; do echo >>"$CI_STATE_DIR/../beats"; sleep 0.05; done'
# holds a pipe to the command that it starts, as the worker of the queue does
WORKER = """
import subprocess, sys, time
held = subprocess.Popen(sys.argv[1:], stdin=subprocess.PIPE)
time.sleep(1000)
"""
PASSED_ON = ("CI_", "GITHUB_", "STAGE_", "JUPYTER_", "GIT_", "HOME", "PATH")


@unittest.skipIf(docker_box.lacking(), docker_box.lacking())
class InContainer(unittest.TestCase):
    stage: ClassVar[Stage]
    box: ClassVar[docker_box.DockerBox]
    sha: ClassVar[str]

    @classmethod
    def setUpClass(cls) -> None:
        root, place = (
            Path(cls.enterClassContext(tempfile.TemporaryDirectory())).resolve() for _ in range(2)
        )
        cls.stage = Stage(root)
        cls.stage.prepare()
        cls.stage.git(root, "clone", "-q", "origin.git", "checkout")
        cls.stage.variables = {
            "CI_BOX": "1",
            "CI_REPO_DIR": str(root / "checkout"),
            "STAGE_PYTHON": str(docker_box.PYTHON),
        }
        (root / "runner" / "jobs" / "test_js.sh").write_text(BEATS)
        cls.sha = cls.stage.git(cls.stage.repo, "rev-parse", "HEAD")
        mounts = (f"{root}:{root}", f"{HETZNER}:/opt/ci-runner:ro")
        cls.box = cls.enterClassContext(docker_box.started(place, mounts))

    def setUp(self) -> None:
        self.stage.github = self.github = self.enterContext(github_server.serve())

    def command(self, *flags: str) -> tuple[list[str], dict[str, str]]:
        """Return the command of a run in the container, and the environment of the client."""
        env = {**self.stage.environment(), "DOCKER_HOST": self.box.environment["DOCKER_HOST"]}
        names = {name: env[name] for name in env if name.startswith(PASSED_ON)}
        runner = ("python3", "-P", "/opt/ci-runner/pipeline.py", self.sha, "main", *flags)
        return self.box.exec(names, *runner), env

    def beats(self) -> int:
        """Return how often a job of the run has shown that it lives."""
        path = self.stage.root / "beats"
        return path.stat().st_size if path.exists() else 0

    def wait_for_beats(self, count: int) -> None:
        before = self.beats()
        wait_until(lambda: self.beats() >= before + count, "a job that lives")

    def start(self, *flags: str) -> tuple[subprocess.Popen[bytes], int]:
        """Start the client; return it, and the other end of its standard input."""
        words, env = self.command(*flags)
        reader, writer = os.pipe()
        process = subprocess.Popen(words, env=env, stdin=reader, stdout=subprocess.DEVNULL)
        os.close(reader)
        self.wait_for_beats(2)
        return process, writer

    def check_end(self) -> None:
        """Check that the run has ended in order, with all of its processes."""
        wait_until(lambda: not self.box.processes(), "the end of all processes of the run")
        self.assertIn("END   exit code 143: ended by SIGTERM", self.stage.log(self.sha))
        self.assertEqual([body["state"] for body in self.github.seen], ["pending", "error"])
        self.github.seen.clear()

    def test_run_ends_in_order_however_the_pipe_ends(self) -> None:
        process, writer = self.start("--until-eof")
        with self.subTest("the pipe is closed"):
            os.close(writer)
            self.assertEqual(process.wait(PATIENCE), 128 + signal.SIGTERM)
            self.check_end()
        process, writer = self.start("--until-eof")
        with self.subTest("the client is killed"):
            process.kill()
            process.wait(PATIENCE)
            self.check_end()
            os.close(writer)
        words, env = self.command("--until-eof")
        with self.subTest("the worker that holds the pipe is killed"):
            worker = subprocess.Popen(
                [sys.executable, "-c", WORKER, *words], env=env, stdout=subprocess.DEVNULL
            )
            self.wait_for_beats(2)
            worker.kill()
            worker.wait(PATIENCE)
            self.check_end()

    def test_commit_waits_while_the_container_is_away_and_runs_once_it_is_back(self) -> None:
        names = 'echo 20260101T000000Z-1111111 >"$1"'
        words = self.box.exec({}, "sh", "-c", names, "-", "{name_to}", "{sha}")
        env = {**self.command()[1], "CI_QUEUE_COMMAND": shlex.join(words)}
        queue = CommitQueue(self.stage.state)
        self.addCleanup(queue.close)

        def push(branch: str) -> Entry:
            return queue.push(Push(self.sha, Ref(branch), "push"))

        def passes(entry: Entry) -> None:
            wait_until(lambda: queue.entry(entry.id).state is State.PASSED, "its verdict")

        worker = [sys.executable, str(HETZNER / "pipeline.py"), "queue", "worker"]
        with (
            subprocess.Popen(worker, env=env, stdout=subprocess.DEVNULL) as process,
            contextlib.ExitStack() as ends,
        ):
            ends.callback(process.kill)
            passes(push("main"))
            self.box.client("stop", "-t", "0", docker_box.NAME)
            entry = push("other")
            wait_until(lambda: "is not running" in queue.held_up(), "an outage")
            self.assertEqual(queue.entry(entry.id).state, State.WAITING)
            self.box.client("start", docker_box.NAME)
            passes(entry)
            wait_until(lambda: not queue.held_up(), "the end of the outage")
            self.assertEqual(queue.mode(), "running")

    def test_without_the_flag_a_run_outlives_its_pipe_and_its_client(self) -> None:
        process, writer = self.start()
        os.close(writer)
        self.wait_for_beats(40)  # longer than an end takes
        process.kill()
        process.wait(PATIENCE)
        self.wait_for_beats(40)  # longer than an end takes
        (driver,) = (pid for pid, args in self.box.processes().items() if self.sha in args)
        os.kill(driver, signal.SIGTERM)
        self.check_end()


if __name__ == "__main__":
    unittest.main()
