"""A host program that takes exit codes away from the run."""

from __future__ import annotations

import signal
import threading
import unittest

from dsl import Job
from tests.support.run_case import LINUX, RunTest, tagged
from tests.support.time_passes import time_passes


@unittest.skipUnless(LINUX, "needs /proc")
class Interrupts(RunTest):
    def test_exit_code_that_the_host_has_taken_is_a_failure_that_says_so(self) -> None:
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGCHLD, before)
        codes: list[int] = []
        made = self.pipeline(
            Job("a", "sleep 0.1", ok_codes=(0, 256)), Job("b", self.sleeper()), timeout=60
        )
        thread = threading.Thread(target=lambda: codes.append(made.run()))  # it cannot take it back
        with time_passes(60, lambda: "CAUSE a" in self.console.getvalue()):
            thread.start()
            thread.join()
        self.assertEqual(codes, [124])
        self.assertRegex(self.log("ci"), "CAUSE a: its exit code is lost: .*SIGCHLD")
        self.assertEqual(tagged(self.sleeper()), [])


if __name__ == "__main__":
    unittest.main()
