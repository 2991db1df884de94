"""The one wait of the runner: nothing that happens is missed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest

from lib.processes import wait


@unittest.skipUnless(sys.platform == "linux", "elsewhere wait_timed waits")
class Pidfds(unittest.TestCase):
    def setUp(self) -> None:
        self.waiter = wait.make([])
        self.addCleanup(self.waiter.close)

    def start(self) -> subprocess.Popen[bytes]:
        child = subprocess.Popen(["cat"], stdin=subprocess.PIPE)
        self.addCleanup(child.communicate)
        return child

    def end(self, child: subprocess.Popen[bytes]) -> None:
        assert child.stdin
        if sys.platform != "linux":
            self.skipTest("macOS lacks waitid(2)")
        child.stdin.close()
        os.waitid(os.P_PID, child.pid, os.WEXITED | os.WNOWAIT)

    def test_process_that_has_ended_already_is_told(self) -> None:
        child = self.start()
        self.end(child)
        self.waiter.watch(child.pid)
        self.assertEqual(self.waiter.wait(10).pids, (child.pid,))

    def test_number_of_a_closed_descriptor_may_become_a_process_s(self) -> None:
        child = self.start()
        reader, writer = os.pipe()
        self.addCleanup(os.close, writer)
        self.waiter.wait(0, extra=reader)
        os.close(reader)
        self.waiter.watch(child.pid)
        self.assertIn("pidfd", os.readlink(f"/proc/self/fd/{reader}"))  # noqa: PTH115
        self.waiter.wait(0)
        self.end(child)
        self.assertEqual(self.waiter.wait(10).pids, (child.pid,))

    def test_wait_may_be_longer_than_a_poll_can_be(self) -> None:
        child = self.start()
        self.waiter.watch(child.pid)
        self.end(child)
        self.assertEqual(self.waiter.wait(1e9).pids, (child.pid,))


class Signals(unittest.TestCase):
    def test_signals_that_the_host_program_handles_are_not_ours(self) -> None:
        seen: list[int] = []
        before = signal.signal(signal.SIGUSR1, lambda number, frame: seen.append(number))
        self.addCleanup(signal.signal, signal.SIGUSR1, before)
        made = wait.make([signal.SIGUSR2])
        self.addCleanup(made.close)
        for number in (signal.SIGUSR1, signal.SIGUSR2):
            signal.raise_signal(number)
        self.assertEqual(made.wait(10).signals, (signal.SIGUSR2,))
        self.assertEqual(seen, [signal.SIGUSR1])


if __name__ == "__main__":
    unittest.main()
