"""The differences between runs, in words."""

from __future__ import annotations

import unittest

from lib.commands.compare_text import Compared, lines
from lib.diagnosis.comparison import compare
from lib.timeline.run_record import RunRecord


def told(runs: int) -> str:
    labels = [f"run {number}" for number in range(runs)]
    return "\n".join(lines(Compared(labels, compare([RunRecord()] * runs), ["load: 1 -> 9"])))


class Around(unittest.TestCase):
    def test_of_several_runs_it_is_said_which_two_have_their_environments_compared(self) -> None:
        self.assertIn("\nchanged around the first and the last of them: 1\n  load: 1", told(3))
        self.assertIn("\nchanged around them: 1\n  load: 1", told(2))


if __name__ == "__main__":
    unittest.main()
