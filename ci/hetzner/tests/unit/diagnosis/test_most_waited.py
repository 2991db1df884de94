"""The jobs and places that runs wait for."""

from __future__ import annotations

import unittest

from lib.diagnosis.most_waited import most_waited
from lib.timeline.critical_path import CriticalPath, Link


def path(*links: tuple[str, float, float, str, str]) -> CriticalPath:
    return CriticalPath(tuple(Link(*link) for link in links))


class MostWaited(unittest.TestCase):
    def test_seconds_are_the_mean_of_all_runs_and_places_have_brackets(self) -> None:
        one = path(
            ("", -1.0, 0.0, "prepare", ""),
            ("build", 0.0, 6.0, "run", ""),
            ("test", 6.0, 8.0, "slot", "a free slot, freed by lint"),
            ("test", 8.0, 12.0, "run", ""),
        )
        other = path(("build", 0.0, 4.0, "run", ""), ("", 4.0, 4.5, "end", ""))
        self.assertEqual(
            most_waited([one, other]),
            [
                *(("build", 5.0, 2), ("test", 2.0, 1), ("(a free slot)", 1.0, 1)),
                *(("(before the jobs)", 0.5, 1), ("(after the jobs)", 0.25, 1)),
            ],
        )

    def test_nothing_is_waited_for_without_runs(self) -> None:
        self.assertEqual(most_waited([]), [])


if __name__ == "__main__":
    unittest.main()
