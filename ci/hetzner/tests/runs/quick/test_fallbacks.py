"""Systems without pidfds, inotify and /proc: their ways are forced here."""

from __future__ import annotations

import os
import signal
import subprocess
import unittest
from typing import Any

from dsl import Job
from tests.support.run_case import RunTest, tagged


class Fallbacks(RunTest):
    """The ways of systems without pidfds, inotify and /proc, run here by forcing them."""

    def test_run_without_pidfds(self) -> None:
        from unittest import mock

        from lib.processes import wait as wakeup
        from lib.processes.wait_timed import TimedWaiter

        def timed(numbers: Any) -> TimedWaiter:
            return TimedWaiter(wakeup.SignalPipe([*numbers, signal.SIGCHLD]))

        with mock.patch.object(wakeup, "make", timed):
            code, outcomes = self.run_jobs(
                Job("a", f"{self.sleeper()} & sleep 0.1", retries=1),
                Job("b", "exit 3", ["a"]),
                Job("c", "sleep 9", timeout=0.2),
            )
        self.assertEqual((code, outcomes), (1, "a=passed b=failed c=timed out"))
        self.assertRegex(self.log("ci"), f"LEAK  a left 1.* {self.sleeper()}")
        self.assertEqual(tagged(self.sleeper()), [])

    def test_output_edges_without_inotify(self) -> None:
        from unittest import mock

        from lib.outputs import tracker
        from lib.outputs.polling import PollWatch

        with mock.patch.object(tracker, "make_watch", PollWatch):
            code, _ = self.run_jobs(
                Job("a", "echo > o; until [ -e seen ]; do sleep .01; done", outputs={"o": "o"}),
                Job("b", "touch seen", ["a:o"]),
            )
        self.assertEqual(code, 0)

    def test_process_table_from_ps(self) -> None:
        from lib.processes.process_table_ps import PsTable

        look = PsTable()
        child = subprocess.Popen(["sleep", "5"])
        try:
            found = look.read(child.pid)
            assert found is not None
            self.assertEqual((found.ppid, found.group), (os.getpid(), os.getpgrp()))
            self.assertIn(child.pid, look.children(os.getpid()))
            self.assertEqual(look.command(child.pid), "sleep 5")
        finally:
            child.kill()
            child.wait()
        self.assertIsNone(look.read(child.pid))


if __name__ == "__main__":
    unittest.main()
