"""The keys of a view: a job that a thread cancels in a real run, and its end."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from dsl import Pipeline
from lib.model import events
from lib.model.job import Job
from lib.processes import wait
from lib.run.controls import Controls

HANGS = "exec sleep 60"


class Controlled(unittest.TestCase):
    """A run with a view that holds its controls."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name)
        self.console = io.StringIO()
        self.controls: list[Controls] = []

    def run_of(self, *declared: Job, at_start: Callable[[str], None]) -> Pipeline:
        """Run jobs; call `at_start` in another thread with each job that starts."""
        threads = []

        def listen(event: events.Event) -> None:
            if isinstance(event, events.Started):
                threads.append(threading.Thread(target=at_start, args=(event.job,)))
                threads[-1].start()

        logs, options = self.cwd / "logs", {"console": self.console, "listeners": [listen]}
        made = Pipeline(declared, "sha", "main", logs, cwd=self.cwd, **options)  # type: ignore[arg-type]
        made.take_controls = self.controls.append
        self.code = made.run()
        for thread in threads:
            thread.join()
        return made

    def test_thread_cancels_a_job_and_the_run_goes_on(self) -> None:
        def cancel(job: str) -> None:
            if job == "slow":
                self.controls[0].cancel_job(job)

        declared = [Job("slow", HANGS, retries=1), Job("next", "true", ["slow"]), Job("a", "true")]
        made = self.run_of(*declared, at_start=cancel)
        found = {name: str(result.outcome) for name, result in made.results.items()}
        self.assertEqual(found, {"slow": "cancelled", "next": "skipped", "a": "passed"})
        self.assertEqual(self.code, 1)
        self.assertIn("CANCEL slow (cancelled by a user)", self.console.getvalue())
        self.controls[0].cancel_job("a")  # the run has ended

    def test_view_that_breaks_as_it_is_given_the_controls_changes_nothing(self) -> None:
        made = Pipeline(
            [Job("a", "true")], "sha", "main", self.cwd / "logs", cwd=self.cwd, console=self.console
        )

        def broken(_: Controls) -> None:
            raise OSError("no terminal")

        made.take_controls = broken
        self.assertEqual(made.run(), 0)
        self.assertIn("NOTE  the view cannot cancel jobs: OSError: no terminal", self.log())

    def log(self) -> str:
        return (self.cwd / "logs" / "ci.log").read_text()


class Wakes(unittest.TestCase):
    def test_waker_ends_the_next_wait_and_tells_of_no_signal(self) -> None:
        waiter = wait.make([])
        self.addCleanup(waiter.close)
        for _ in range(70_000):  # more than the pipe takes
            waiter.wake()
        self.assertEqual(waiter.wait(60), wait.Ready())

    def test_waker_of_a_closed_wait_writes_into_no_file(self) -> None:
        waiter = wait.make([])
        waiter.close()
        with mock.patch.object(os, "write", side_effect=AssertionError("it wrote")):
            waiter.wake()


if __name__ == "__main__":
    unittest.main()
