"""The box's queue from another machine, over a real sshd: `queue run`, and `git push`.

It needs openssh-server; nothing of it is a service of this machine.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
import sys
from pathlib import Path

from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from tests.support import ssh_server
from tests.support.box_processes import HETZNER, BoxCase
from tests.support.commit_stage import OnStage
from tests.support.waiting import wait_for, wait_until

PIPELINE = f"{sys.executable} {HETZNER / 'pipeline.py'}"


class OverSsh(BoxCase, OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.hold, self.held = self.stage.gate("test_js")
        self.begin(
            {
                **self.stage.environment(CI_REPO_DIR=str(self.stage.repo)),
                "CI_QUEUE_COMMAND": PIPELINE,
            }
        )
        self.queue = CommitQueue(self.stage.state)
        self.addCleanup(self.queue.close)
        place = self.stage.root / "ssh"
        place.mkdir()
        known = ("CI_STATE_DIR", "GIT_CONFIG_GLOBAL", "PATH")
        variables = {name: self.environ[name] for name in known}
        self.ssh = self.enterContext(ssh_server.serve(place, variables))

    def remote(self, *words: str) -> subprocess.Popen[str]:
        """Call the program of the box from afar."""
        return subprocess.Popen(
            [*self.ssh, f"{PIPELINE} {shlex.join(words)}"],
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
        )

    def test_run_streams_its_lines_and_ends_with_the_exit_code_of_the_run(self) -> None:
        sha = self.stage.commit("green")
        self.hold.touch()
        run = self.remote("queue", "run", sha, "topic")
        assert run.stdout is not None
        for line in run.stdout:  # the lines come while the run goes on
            if "START test-js" in line:
                break
        else:
            self.fail("the run ended without a line of its job")
        wait_for(self.held)
        self.hold.unlink()
        rest = run.stdout.read()
        self.assertEqual(run.wait(self.patience), 0, rest)
        self.assertIn("PASS  test-js", rest)
        self.assertEqual(self.statuses(sha), [])  # nothing is public

        (self.stage.root / "broken-lint_python").touch()
        red = self.remote("queue", "run", self.stage.commit("red"))
        told = red.communicate(timeout=self.patience)[0]
        self.assertEqual(red.returncode, 1, told)
        self.assertIn("FAIL  lint-python", told)

    def test_run_goes_on_when_the_client_is_killed(self) -> None:
        sha = self.stage.commit("green")
        self.hold.touch()
        with self.remote("queue", "run", sha) as run:
            wait_for(self.held)
            run.kill()
        self.hold.unlink()
        wait_until(lambda: self.queue.entry(1).state is not State.RUNNING, "the end of the run")
        self.assertIs(self.queue.entry(1).state, State.PASSED)

    def test_push_is_queued_and_shows_its_run_to_the_person_who_waits(self) -> None:
        bare = self.stage.root / "pushed.git"
        made = self.remote("queue", "hook", "--install", str(bare))
        self.assertIn("post-receive queues", made.communicate(timeout=self.patience)[0])
        sha = self.stage.commit("private")
        told = self.push(bare, "HEAD:refs/heads/topic")
        follow = re.search(r"topic queued as 1: (ssh .* queue log 1 -f .*?) *$", told, re.MULTILINE)
        assert follow, told
        wait_until(lambda: self.queue.entry(1).state is State.PASSED, "the end of the run")
        entry = self.queue.entry(1)
        self.assertEqual((entry.sha, entry.source, entry.speaks), (sha, "hook", False))
        self.assertEqual(self.github.requests, [])
        words = shlex.split(follow[1])
        self.assertTrue(words[1].endswith("@127.0.0.1"), words)
        log = subprocess.run(
            [*self.ssh, *words[2:]], capture_output=True, text=True, timeout=60, check=True
        )
        self.assertIn("PASS  test-js", log.stdout)

        (self.stage.root / "broken-lint_python").touch()
        self.stage.commit("red")
        told = self.push(bare, "-o", "wait", "HEAD:refs/heads/topic")
        self.assertIn("remote: topic queued as 2", told)
        self.assertRegex(told, r"remote: .*FAIL  lint-python")
        self.assertRegex(told, r"remote: 2 +FAILED")

    def test_key_that_may_only_push_queues_commits_and_gets_no_shell(self) -> None:
        bare = self.stage.root / "pushed.git"
        self.remote("queue", "hook", "--install", str(bare)).communicate(timeout=self.patience)
        self.queue.set_mode("paused")
        told = re.search("`(restrict,.*?)`", (HETZNER / "docs/operating.md").read_text())
        assert told, "expected the words before such a key on the page"
        keys = self.stage.root / "ssh/key.pub"
        keys.write_text(f"{told[1]} {keys.read_text()}")
        for words in (["id"], ["-t"], ["git-receive-pack x; id"]):
            shell = subprocess.run(
                [*self.ssh, *words], check=False, capture_output=True, text=True, timeout=60
            )
            self.assertNotEqual(shell.returncode, 0, words)
            self.assertNotIn("uid=", shell.stdout)
        self.stage.commit("private")
        self.assertIn("topic queued as 1", self.push(bare, "HEAD:refs/heads/topic"))

    def push(self, bare: Path, *words: str) -> str:
        """Push over ssh; return what git says."""
        done = subprocess.run(
            ["git", "push", *words[:-1], f"box:{bare}", words[-1]],
            cwd=self.stage.repo,
            env={**os.environ, "GIT_SSH_COMMAND": shlex.join(self.ssh[:-1])},
            capture_output=True,
            text=True,
            timeout=self.patience,
            check=True,
        )
        return done.stderr
