"""The keys of a view: a job that a thread cancels in a real run, and its end."""

from __future__ import annotations

import io
import os
import tempfile
import threading
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import TextIO
from unittest import mock

from dsl import Pipeline
from lib.model import events
from lib.model.job import Job
from lib.processes import wait
from lib.processes.wait_timed import TimedWaiter
from lib.report.view import Controls, ShownRun
from lib.terminal.plain_view import PlainView

HANGS = "exec sleep 60"


class Watching(PlainView):
    """Hands on the controls of the run that it shows."""

    def __init__(self, stream: TextIO, take: Callable[[Controls], None]) -> None:
        super().__init__(stream)
        self.take = take

    def begin(self, run: ShownRun) -> None:
        self.take(run.controls)


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

        logs = self.cwd / "logs"
        made = Pipeline(declared, "sha", "main", logs, cwd=self.cwd, listeners=[listen])
        made.adapt({}, None, str, lambda _: [Watching(self.console, self.controls.append)])
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


class Wakes(unittest.TestCase):
    def test_waker_ends_the_next_wait_and_tells_of_no_signal(self) -> None:
        for make in (wait.make, lambda numbers: TimedWaiter(wait.SignalPipe(numbers))):
            waiter = make([])
            for _ in range(70_000):  # more than the pipe takes
                waiter.wake()
            found = waiter.wait(60)
            waiter.close()
            self.assertEqual(found, wait.Ready())

    def test_waker_of_a_closed_wait_writes_into_no_file(self) -> None:
        waiter = wait.make([])
        waiter.close()
        with mock.patch.object(os, "write", side_effect=AssertionError("it wrote")):
            waiter.wake()


if __name__ == "__main__":
    unittest.main()
