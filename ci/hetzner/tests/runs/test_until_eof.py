"""A run that ends when its standard input ends, and that tells its name to its starter."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import unittest
from pathlib import Path

from tests.support import github_server
from tests.support.commit_stage import OnStage, Ran
from tests.support.waiting import PATIENCE, wait_for, wait_until

ENDED = 128 + signal.SIGTERM


class UntilEof(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.started = self.stage.root / "started"
        self.reader, self.writer = os.pipe()
        self.addCleanup(os.close, self.reader)
        self.stage.stdin = self.reader

    def start(self, *words: str, **extra: str) -> subprocess.Popen[str]:
        extra |= {"STAGE_STARTED": str(self.started)}
        return self.stage.start(*words, "--until-eof", **extra)

    def end(self, process: subprocess.Popen[str]) -> Ran:
        """Close the pipe, and return the end of the run."""
        os.close(self.writer)
        out, errors = process.communicate(timeout=PATIENCE)
        return Ran(process.returncode, out, errors)

    def test_end_of_the_pipe_during_the_jobs_ends_the_run_as_sigterm_does(self) -> None:
        self.stage.github = self.enterContext(github_server.serve())
        with self.start(STAGE_SLEEP="test_js") as process:
            wait_for(self.started)
            os.write(self.writer, b"data is ignored\n" * 9000)
            self.assertIsNone(process.poll())
            ran = self.end(process)
        self.assertEqual(ran.code, ENDED, ran.out + ran.errors)
        self.assertEqual(self.stage.outcomes()["test-js"], "cancelled")
        self.assertIn("INTERRUPTED by SIGTERM, running: ", self.stage.log())
        self.assertEqual(self.stage.github.seen[-1]["state"], "error")

    def test_run_that_waits_for_its_turn_ends(self) -> None:
        with self.start(STAGE_SLEEP="test_js") as other:
            wait_for(self.started)
            self.stage.stdin, writer = os.pipe()
            self.addCleanup(os.close, self.stage.stdin)
            with self.start() as process:
                self.assertIn("waiting for pipeline.py", first_line(process))
                os.close(writer)
                process.communicate(timeout=PATIENCE)
            self.assertIsNone(other.poll())
            self.end(other)
        self.assertEqual(process.returncode, ENDED)

    def test_run_whose_pipe_has_ended_already_ends(self) -> None:
        with self.start(STAGE_SLEEP="test_js") as process:
            ran = self.end(process)
        self.assertEqual(ran.code, ENDED, ran.out + ran.errors)

    def test_run_that_checks_out_ends(self) -> None:
        self.stage.before_checkout(f"touch {self.started}; sleep 1000")
        with self.start() as process:
            wait_for(self.started)
            ran = self.end(process)
        self.assertEqual(ran.code, ENDED, ran.out + ran.errors)
        self.assertNotIn("START", self.stage.log())

    def test_run_that_posts_its_verdict_keeps_it(self) -> None:
        github = self.enterContext(github_server.serve())
        self.stage.github = github
        self.stage.run()  # nothing is prepared from now on
        github.seen.clear()
        with self.start() as process:
            wait_until(lambda: len(github.seen) == 2, "two statuses")
            ran = self.end(process)
        self.assertEqual(github.seen[-1]["state"], "success")
        self.assertEqual(ran.code, 0, ran.out + ran.errors)

    def test_jobs_do_not_read_from_the_pipe(self) -> None:
        body = self.stage.root / "runner" / "jobs" / "test_js.sh"
        body.write_text(f"cat; touch {self.started}\n")
        with self.start("--only-jobs", "test-js") as process:
            os.write(self.writer, b"text\n")
            wait_for(self.started)
            process.communicate(timeout=PATIENCE)
        os.close(self.writer)
        self.assertEqual(process.returncode, 0)
        self.assertNotIn("text", (self.stage.log_dir() / "test-js.log").read_text())

    def test_socket_is_as_good_as_a_pipe(self) -> None:
        ours, theirs = socket.socketpair()
        with ours, theirs:
            self.stage.stdin = theirs.fileno()
            with self.start(STAGE_SLEEP="test_js") as process:
                wait_for(self.started)
                ours.shutdown(socket.SHUT_WR)
                process.communicate(timeout=PATIENCE)
        os.close(self.writer)
        self.assertEqual(process.returncode, ENDED)

    def test_standard_input_that_nobody_can_end_later_is_refused(self) -> None:
        self.addCleanup(os.close, self.writer)
        (self.stage.root / "file").touch()
        for path, found in ((os.devnull, "/dev/null"), (self.stage.root / "file", "a file")):
            with Path(path).open() as stdin:
                self.stage.stdin = stdin.fileno()
                ran = self.stage.run("--until-eof")
            self.assertEqual(ran.code, 2, ran.errors)
            self.assertIn(f"expected a pipe as standard input, found {found}", ran.errors)
        self.stage.stdin = self.reader
        closed = self.stage.run("--until-eof", through=["bash", "-c", 'exec "$@" <&-', "bash"])
        self.assertEqual(closed.code, 2, closed.errors)
        self.assertIn("found it closed: start it with a pipe", closed.errors)
        self.assertFalse((self.stage.state / "runs").exists())


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline()


class NameTo(OnStage):
    def test_name_of_the_directory_is_there_when_jobs_run(self) -> None:
        name, started = self.stage.root / "name", self.stage.root / "started"
        words = ("--name-to", str(name), "--only-jobs", "test-js")
        process = self.stage.start(*words, STAGE_SLEEP="test_js", STAGE_STARTED=str(started))
        with process:
            wait_for(started)
            self.assertEqual(name.read_text(), f"{self.stage.log_dir().name}\n")
            process.terminate()
            process.communicate(timeout=PATIENCE)

    def test_name_that_cannot_be_written_is_a_note(self) -> None:
        ran = self.stage.run("--name-to", "/nonexistent/name", "--only-jobs", "test-js")
        self.assertEqual(ran.code, 0)
        self.assertIn("NOTE  /nonexistent/name does not get the name", self.stage.log())


if __name__ == "__main__":
    unittest.main()
