"""The stop of processes: TERM, grace, KILL until none is left, and none slips through."""

from __future__ import annotations

import ast
import itertools
import signal
import unittest
from pathlib import Path
from unittest import mock

from lib.processes import kill
from lib.processes.kill import Stopping
from lib.processes.process_table import Proc
from tests.support.sources import nodes_of

LIB = Path(__file__).resolve().parents[3] / "lib"
STOP, KILL = signal.SIGSTOP, signal.SIGKILL


def process(pid: int) -> Proc:
    return Proc(pid, 1, pid, pid, "S", pid * 10, f"p{pid}")


class StoppingTest(unittest.TestCase):
    def setUp(self) -> None:
        self.sent: list[tuple[int, int]] = []
        self.scans: list[list[Proc]] = []

    def stopping(self, due: float = 5.0) -> Stopping:
        return Stopping(
            lambda: self.scans.pop(0) if len(self.scans) > 1 else self.scans[0],
            lambda one, number: self.sent.append((one.pid, number)),
            due,
        )

    def test_process_forked_during_a_scan_is_stopped_before_any_is_killed(self) -> None:
        self.scans = [[process(2)], [process(2), process(3)]]
        stopping = self.stopping()
        stopping.kill(stopping.freeze(), 5.0)
        self.assertEqual(self.sent, [(2, STOP), (3, STOP), (2, KILL), (3, KILL)])

    def test_pid_that_went_to_another_process_is_stopped_as_well(self) -> None:
        self.scans = [[process(2)], [process(2)._replace(started=99)]]
        self.stopping().freeze()
        self.assertEqual(self.sent, [(2, STOP), (2, STOP)])

    def test_fork_storm_without_end_is_killed_all_the_same(self) -> None:
        self.scans = [[process(n)] for n in range(2, 1000)]
        with mock.patch.object(kill, "MOST_SCANS", 7):
            self.assertEqual(self.stopping().freeze(), [process(8)])

    def test_kill_is_repeated_at_growing_distances_until_it_is_hopeless(self) -> None:
        stopping, now, times = self.stopping(), 5.0, []
        while not stopping.is_hopeless(now):
            stopping.kill([process(2)], now)
            times.append(now)
            now = stopping.due
        distances = [b - a for a, b in itertools.pairwise(times)]
        self.assertEqual(distances, sorted(distances))
        self.assertGreaterEqual(now - 5.0, kill.GIVE_UP)
        self.assertLess(len(times), 15)

    def test_each_process_can_be_asked_to_end_by_a_signal_of_its_own(self) -> None:
        self.stopping().terminate([process(2), process(3)], lambda one: one.pid)
        self.assertEqual(self.sent, [(2, 2), (2, signal.SIGCONT), (3, 3), (3, signal.SIGCONT)])


class OneKiller(unittest.TestCase):
    def test_no_other_module_names_the_signal_or_kills_a_group(self) -> None:
        found = {
            str(path.relative_to(LIB))
            for path in LIB.rglob("*.py")
            for node in nodes_of(path)
            if isinstance(node, ast.Attribute) and node.attr in {"SIGKILL", "killpg"}
        }
        self.assertEqual(found, {"processes/kill.py"})


if __name__ == "__main__":
    unittest.main()
