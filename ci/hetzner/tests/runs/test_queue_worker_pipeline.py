"""The worker of the queue with pipeline.py itself: from a push to the status of its commit."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from tests.support import github_server
from tests.support.commit_stage import HETZNER, OnStage
from tests.support.waiting import wait_until


class WithPipeline(OnStage):
    def setUp(self) -> None:
        super().setUp()
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        self.github = self.enterContext(github_server.serve())
        self.stage.github = self.github
        program = HETZNER / "pipeline.py"
        self.stage.variables = {"CI_QUEUE_COMMAND": f"{sys.executable} {program}"}
        self.queue = CommitQueue(self.stage.state)
        self.addCleanup(self.queue.close)

    def push(self, text: str) -> Entry:
        """Push a commit to a branch of its own."""
        return self.queue.push(Push(self.stage.commit(text), Ref(text), "webhook"))

    def start(self, *flags: str, **extra: str) -> subprocess.Popen[str]:
        return self.stage.start("queue", "worker", *flags, **extra)

    def states_told(self, entry: Entry) -> list[str]:
        return [state for sha, state in self.github.told if sha == entry.sha]

    def is_in(self, entry: Entry, state: State) -> bool:
        return self.queue.entry(entry.id).state is state

    def test_command_reads_no_secret_in_the_environment_of_its_worker(self) -> None:
        places = [self.stage.root / name for name in ("of-worker", "own")]
        script = self.stage.root / "look.sh"
        script.write_text(f"cat /proc/$PPID/environ >{places[0]}; env -0 >{places[1]}\n")
        secrets = {
            name: f"{name}-0123456789-of-this-test"
            for name in ("GITHUB_TOKEN", "WEBHOOK_SECRET", "CI_READ_TOKEN", "CI_PING_URL")
        }
        self.push("one")
        command = f"bash {script} {{sha}}"
        with self.start("--once", CI_QUEUE_COMMAND=command, **secrets) as worker:
            out, _ = worker.communicate(timeout=120)
        of_worker, own = (place.read_bytes().decode().split("\0") for place in places)
        self.assertIn(f"CI_QUEUE_COMMAND={command}", of_worker, out)
        self.assertIn(f"GITHUB_TOKEN={secrets['GITHUB_TOKEN']}", own)
        for name, value in secrets.items():
            self.assertIn(f"{name}={'*' * len(value)}", of_worker)
            if name != "GITHUB_TOKEN":
                self.assertFalse([line for line in own if line.startswith(name)])

    def test_commits_run_and_their_statuses_are_told(self) -> None:
        first, second = self.push("one"), self.push("two")
        prepared = self.stage.state / "queue" / f"{second.id}.prepare.log"
        closed, _ = self.stage.gate("test_js")
        closed.touch()
        with self.start("--once") as worker:
            wait_until(lambda: prepared.exists() and bool(prepared.read_text()), "a preparation")
            closed.unlink()
            out, errors = worker.communicate(timeout=120)
        self.assertEqual((worker.returncode, errors), (0, ""), out)
        for entry in (first, second):
            found = self.queue.entry(entry.id)
            self.assertEqual((found.state, found.exit_code), (State.PASSED, 0), out)
            summary = self.stage.state / "runs" / found.run / "summary.json"
            self.assertEqual(json.loads(summary.read_text())["sha"], entry.sha)
            self.assertEqual(self.states_told(entry)[-2:], ["pending", "success"])
        self.assertEqual({self.queue.entry(e.id).place for e in (first, second)}, {1, 2})
        self.assertNotIn("was not prepared", out)

    def test_cancelled_run_ends_with_all_its_jobs_and_is_told(self) -> None:
        entry, started = self.push("one"), self.stage.root / "started"
        with self.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as worker:
            wait_until(started.exists, str(started))
            self.queue.cancel(entry.id, "by hand")
            wait_until(lambda: self.is_in(entry, State.CANCELLED), "its end")
            wait_until(lambda: not self.queue.statuses(), "its status")
            worker.send_signal(signal.SIGTERM)
            worker.communicate(timeout=60)
        self.assertEqual(worker.returncode, 143)
        self.assertEqual(self.states_told(entry)[-1], "error")
        self.assertIn("INTERRUPTED", (self.stage.log(entry.sha)))
        self.assertEqual(self.jobs(), [])

    def test_run_of_a_killed_worker_ends_and_the_next_worker_runs_it_again(self) -> None:
        entry, started = self.push("one"), self.stage.root / "started"
        with self.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as worker:
            wait_until(started.exists, str(started))
            worker.kill()
            worker.communicate(timeout=60)
        with self.start("--once") as worker:
            out, _ = worker.communicate(timeout=120)
        self.assertTrue(self.is_in(entry, State.PASSED), out)
        self.assertEqual(self.states_told(entry)[-1], "success")
        self.assertEqual(self.jobs(), [])

    def test_run_that_is_killed_twice_leaves_no_group_pending(self) -> None:
        entry, started = self.push("one"), self.stage.root / "started"
        variables = {"STAGE_SLEEP": "test_js", "STAGE_STARTED": str(started)}
        with self.start("--once", CI_GROUP_STATUSES="1", **variables) as worker:
            for tries in (1, 2):
                wait_until(started.exists, f"start {tries}")
                wait_until(lambda: self.of_group()[-1:] == ["pending"], "the status of the group")
                wait_until(lambda: bool(self.queue.entry(entry.id).run), "the name of its run")
                started.unlink()
                run = self.stage.state / "runs" / self.queue.entry(entry.id).run
                driver = json.loads((run / "summary.json").read_text())["run"]
                os.kill(int(driver.removeprefix("r").partition("-")[0]), signal.SIGKILL)
            out, _ = worker.communicate(timeout=120)
        self.assertTrue(self.is_in(entry, State.CUT_OFF), out)
        self.assertEqual(self.states_told(entry)[-1], "error")
        self.assertEqual(self.of_group()[-1], "error")

    def of_group(self) -> list[str]:
        return [b["state"] for b in self.github.seen if b["context"] == "ci/hetzner/fast"]

    def test_run_that_checks_not_all_of_a_commit_leaves_no_pending_status(self) -> None:
        entry = self.queue.push(Push("1" * 40, Ref("gone"), "webhook"))
        with self.start("--once") as worker:
            out, _ = worker.communicate(timeout=120)
        self.assertTrue(self.is_in(entry, State.FAILED), out)
        self.assertEqual(self.states_told(entry)[-1], "error")

    def test_command_that_may_post_nothing_leaves_no_pending_status(self) -> None:
        first, waits, cancelled = self.push("one"), self.push("two"), self.push("three")
        go = self.stage.root / "go"
        script = self.stage.root / "wait.sh"
        script.write_text(f"until [[ -e {go} ]]; do sleep 0.02; done\n")
        with self.start("--once", CI_QUEUE_COMMAND=f"bash {script} {{sha}}") as worker:
            wait_until(lambda: self.is_in(first, State.RUNNING), "its start")
            self.queue.cancel(cancelled.id, "by hand")
            wait_until(lambda: bool(self.github.told), "a status")  # the last one
            go.touch()
            out, _ = worker.communicate(timeout=60)
        self.assertTrue(self.is_in(waits, State.PASSED), out)
        self.assertEqual(self.github.told, [(cancelled.sha, "error")])

    def jobs(self) -> list[str]:
        """Return the living processes that run a body of this stage."""
        mark = str(self.stage.root / "runner").encode()
        found = []
        for path in Path("/proc").glob("[0-9]*/cmdline"):
            try:
                line = path.read_bytes()
            except OSError:
                continue
            if mark in line and path.parent.name != str(os.getpid()):
                found.append(line.decode(errors="replace"))
        return found


if __name__ == "__main__":
    unittest.main()
