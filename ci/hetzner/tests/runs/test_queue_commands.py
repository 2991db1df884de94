"""The commands that watch the queue, as processes, beside a worker that this test plays."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path
from typing import IO

from lib.commit_queue import paths
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.common import locks
from tests.support.queue_case import A, B, QueueCase
from tests.support.waiting import wait_until

PIPELINE = Path(__file__).resolve().parents[2] / "pipeline.py"
RUN = "20260101T000000Z-aaaaaaa"


class Command:
    """A command of the queue that runs; `remarks` and `output` are what it has printed so far."""

    def __init__(self, case: unittest.TestCase, state: Path, *words: str) -> None:
        self._files = [
            case.enterContext(tempfile.TemporaryFile())  # noqa: SIM115 - the test closes it
            for _ in range(2)
        ]
        self.process = subprocess.Popen(
            [sys.executable, str(PIPELINE), "queue", *words, "--state-dir", str(state)],
            stdout=self._files[0],
            stderr=self._files[1],
            cwd=state,
        )
        case.addCleanup(self.process.wait)
        case.addCleanup(self.process.kill)

    @property
    def output(self) -> str:
        return _text(self._files[0])

    @property
    def remarks(self) -> str:
        return _text(self._files[1])

    def remarked(self, text: str) -> None:
        """Wait until it has said this beside its output."""
        wait_until(lambda: text in self.remarks, f"{text!r} among the remarks")

    def printed(self, text: str) -> None:
        """Wait until this is all of its output."""
        wait_until(lambda: self.output == text, f"the output {text!r}")

    def code(self) -> int:
        return self.process.wait(60)


def _text(file: IO[bytes]) -> str:
    return os.pread(file.fileno(), 10**6, 0).decode()


class WatchCase(QueueCase):
    def command(self, *words: str) -> Command:
        return Command(self, self.state, *words)

    def begin_run(self, entry: Entry, text: str) -> Path:
        """Play a run that has begun; return its log."""
        log = self.state / "runs" / RUN / "ci.log"
        log.parent.mkdir(parents=True)
        log.write_text(text)
        self.queue.begun(entry.id, RUN)
        return log

    def entry_of(self, sha: str) -> Entry:
        """Return the entry of a commit when a command has pushed it."""
        wait_until(lambda: any(e.sha == sha for e in self.queue.entries()), "its entry")
        return next(entry for entry in self.queue.entries() if entry.sha == sha)


class Run(WatchCase):
    def test_lines_of_the_run_come_as_they_are_written_and_its_exit_code_at_the_end(self) -> None:
        for code, state in ((0, State.PASSED), (1, State.FAILED), (124, State.FAILED)):
            with self.subTest(code), tempfile.TemporaryDirectory() as state_dir:
                self.state = Path(state_dir)
                self.queue = type(self.queue)(self.state)
                before = self.push(B, "other")
                command = self.command("run", A, "topic")
                command.remarked("waits: 1 before it\n")
                self.assertEqual(self.take(), self.queue.entry(before.id))
                command.remarked("waits: it is next\n")
                entry = self.take()
                log = self.begin_run(entry, "one\n")
                command.printed("one\n")
                with log.open("a") as more:
                    more.write("two\n")
                self.queue.end(entry.id, state, code)
                self.assertEqual(command.code(), code)
                self.assertEqual(command.output, "one\ntwo\n")
                tells_log = f"queue log {entry.id} --state-dir" in command.remarks
                self.assertEqual(tells_log, state is State.FAILED)
                self.assertFalse(self.queue.entry(entry.id).speaks)
                self.queue.close()

    def test_end_without_a_verdict_is_never_0(self) -> None:
        for state, code in (
            (State.CANCELLED, 130),
            (State.SUPERSEDED, 143),
            (State.CUT_OFF, 137),
            (State.ERROR, 1),
        ):
            command = self.command("run", A)
            entry = self.entry_of(A)
            self.queue.end(entry.id, state, 0, "the reason")
            self.assertEqual(command.code(), code)
            self.assertIn("the reason", command.remarks)
            self.queue.forget(2e9)

    def test_without_a_worker_it_says_so_at_once_and_how_to_start_one(self) -> None:
        command = self.command("run", A)
        command.remarked("waits: it is next")
        self.assertIn("no worker lives; start one with: python3 ", command.remarks)
        self.assertIn(f"queue worker --state-dir {self.state}", command.remarks)
        self.queue.cancel(1, "x")
        with locks.lock(paths.worker_lock(self.state), "the worker"):
            command = self.command("run", B)
            command.remarked("waits: it is next")
            self.assertNotIn("no worker", command.remarks)

    def test_worker_that_goes_or_comes_meanwhile_is_told(self) -> None:
        with locks.lock(paths.worker_lock(self.state), "the worker"):
            command = self.command("run", A)
            command.remarked("waits: it is next")
        command.remarked("no worker lives; start one with: python3 ")
        with locks.lock(paths.worker_lock(self.state), "another worker"):
            command.remarked("a worker lives: another worker (pid ")
        self.queue.cancel(1, "x")
        self.assertEqual(command.code(), 130)

    def test_start_that_fails_is_told_once_with_its_reason(self) -> None:
        command = self.command("run", A)
        entry = self.entry_of(A)
        for _ in range(2):
            self.take()
            self.queue.could_not_start(entry.id, 1, "no such container")
            command.remarked("waits: it is next (no such container)")
        other = self.command("run", B)
        self.queue.set_message("commands cannot start")
        other.remarked("waits: it is next (commands cannot start)")
        self.queue.cancel(entry.id, "x")
        self.assertEqual(command.code(), 130)
        self.assertEqual(command.remarks.count("no such container"), 1, command.remarks)

    def test_signal_ends_the_watch_alone_and_the_way_to_end_the_entry_is_told(self) -> None:
        command = self.command("run", A)
        command.remarked("waits: it is next")
        command.process.send_signal(signal.SIGINT)
        self.assertEqual(command.code(), 130)
        self.assertIn("entry 1 goes on; end it with: ", command.remarks)
        self.assertIn("queue cancel 1 --state-dir", command.remarks)
        self.assertIs(self.queue.entry(1).state, State.WAITING)

    def test_command_that_began_no_run_is_quoted(self) -> None:
        command = self.command("run", A)
        entry = self.entry_of(A)
        self.take()
        log = paths.log(self.state, entry.id)
        log.parent.mkdir(exist_ok=True)
        log.write_text("no such container\n")
        self.queue.end(entry.id, State.ERROR, 1, "the command could not run")
        self.assertEqual((command.code(), command.output), (1, "no such container\n"))

    def test_one_that_waits_for_the_run_of_its_own_commit_is_told(self) -> None:
        for sha in (A, B, A):
            self.push(sha)
            self.queue.take("w", len(self.queue.entries()))
        command = self.command("run", A)
        command.remarked("waits for the end of 1, which runs this commit")
        self.queue.cancel(3, "x")
        self.assertEqual(command.code(), 130)

    def test_paused_queue_is_told(self) -> None:
        self.queue.set_mode("paused", "upgrade")
        command = self.command("run", A)
        command.remarked("the queue is paused: it starts no entry (upgrade)")
        self.queue.cancel(self.entry_of(A).id, "x")
        self.assertEqual(command.code(), 130)


class Log(WatchCase):
    def test_log_is_printed_and_followed_until_the_entry_has_ended(self) -> None:
        self.push(A)
        entry = self.take()
        log = paths.log(self.state, entry.id)
        log.parent.mkdir(exist_ok=True)
        log.write_text("one\n")
        once, follower = self.command("log", "1"), self.command("log", "1", "-f")
        self.assertEqual((once.code(), once.output), (0, "one\n"))
        follower.printed("one\n")
        with log.open("a") as more:
            more.write("two\n")
        follower.printed("one\ntwo\n")
        self.queue.end(entry.id, State.PASSED, 0)
        self.assertEqual(follower.code(), 0)

    def test_entry_that_is_not_there_or_has_printed_nothing_is_refused(self) -> None:
        self.push(A)
        for number, sentence in (("7", "none with the id 7"), ("1", "printed nothing: it is wait")):
            command = self.command("log", number)
            self.assertEqual((command.code(), command.output), (1, ""))
            self.assertIn(sentence, command.remarks)
        self.queue.end(self.take().id, State.ERROR, 127, "could not run")
        command = self.command("log", "1")
        self.assertEqual(command.code(), 1)
        self.assertIn("printed nothing: it is error, could not run", command.remarks)


class Repeat(WatchCase):
    def test_table_tells_which_jobs_differ(self) -> None:
        command = self.command("repeat", A, "3", "--json")
        wait_until(lambda: len(self.queue.entries()) == 3, "three entries")
        for number, outcome in enumerate(("passed", "failed", "passed")):
            entry = self.take()
            run = f"20260101T00000{number}Z-aaaaaaa"
            directory = self.state / "runs" / run
            directory.mkdir(parents=True)
            jobs = [{"name": "a", "outcome": outcome}, {"name": "b", "outcome": "passed"}]
            (directory / "summary.json").write_text(json.dumps({"jobs": jobs}))
            self.queue.begun(entry.id, run)
            self.queue.end(entry.id, State(outcome), int(outcome == "failed"))
        self.assertEqual(command.code(), 1)
        table = json.loads(command.output)
        self.assertEqual(table["differing"], ["a"])
        self.assertEqual(table["jobs"], {"a": {"passed": 2, "failed": 1}, "b": {"passed": 3}})
        self.assertIn("3 of 3 have ended: 2 passed, 1 failed", command.remarks)

    def test_group_can_be_waited_for_later(self) -> None:
        command = self.command("repeat", A, "2", "--no-wait")
        self.assertEqual(command.code(), 0)
        for entry in self.queue.repetitions(command.output.strip()):
            self.queue.end(entry.id, State.ERROR, 2, "refused")
        later = self.command("repeat", "--group", command.output.strip())
        self.assertEqual(later.code(), 1)
        self.assertIn("0 of 2 runs passed; no run has a record of its jobs", later.output)
        unknown = self.command("repeat", "--group", "other")
        self.assertEqual(unknown.code(), 1)
        self.assertIn("expected repetitions of this name, found none: 'other'", unknown.remarks)


class Names(WatchCase):
    def test_name_of_a_commit_is_looked_up_in_the_repository(self) -> None:
        git = ["git", "-c", "user.name=x", "-c", "user.email=x@example.org"]
        repo = self.state / "repo"
        subprocess.run(["git", "init", "-q", str(repo)], check=True)
        commit = [*git, "commit", "-q", "--allow-empty", "-m", "x"]
        subprocess.run(commit, cwd=repo, check=True)
        sha = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=repo, text=True).strip()
        pushed = self.command("push", "HEAD", "--json", "--repo", str(repo))
        self.assertEqual(pushed.code(), 0)
        self.assertEqual(json.loads(pushed.output)["sha"], sha)
        refused = self.command("push", "nothing", "--repo", str(repo))
        self.assertEqual(refused.code(), 2)
        self.assertIn("expected a commit, found 'nothing'", refused.remarks)


class Drain(WatchCase):
    def test_program_drains_as_long_as_it_holds_the_pipe(self) -> None:
        words = [sys.executable, str(PIPELINE), "queue", "drain", "--until-eof"]
        with subprocess.Popen(
            [*words, "--why", "an upgrade", "--state-dir", str(self.state)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as program:
            assert program.stdout
            self.addCleanup(program.kill)
            self.assertEqual(program.stdout.readline(), "nothing runs\n")
            self.push(A)
            self.assertIsNone(self.queue.take("w", 1))
            _, errors = program.communicate(timeout=60)  # closes the pipe
        self.assertEqual((program.returncode, errors), (128 + signal.SIGTERM, ""))
        self.assertIsNotNone(self.queue.take("w", 1))


if __name__ == "__main__":
    unittest.main()
