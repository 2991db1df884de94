"""The critical path of a run as people read it."""

from __future__ import annotations

import unittest

from lib.report import path_lines
from lib.timeline.critical_path import CriticalPath, Link


def path(*links: tuple[str, float, str, str]) -> CriticalPath:
    """Return a path of these links: job, seconds, kind and text of each."""
    made, at = [], 0.0
    for job, seconds, kind, text in links:
        made.append(Link(job, at, at + seconds, kind, text))
        at += seconds
    work = sum(link.seconds for link in made if link.kind in ("run", "serve"))
    return CriticalPath(tuple(made), work / at)


class Lines(unittest.TestCase):
    def test_each_link_has_its_seconds_and_each_wait_its_reason(self) -> None:
        found = path(
            ("", 2.5, "prepare", "before the jobs"),
            ("build", 10.0, "run", ""),
            ("db", 4.0, "serve", "until it was ready"),
            ("test", 3.0, "slot", "a free slot, freed by lint"),
            ("test", 20.0, "run", "attempt 2"),
            ("", 0.5, "end", "after the jobs"),
        )
        self.assertEqual(
            path_lines.lines(found, 40.0),
            [
                "critical path: jobs ran for 85 % of 40.0 s",
                "   2.5 s  before the jobs",
                "  10.0 s  build",
                "   4.0 s  db               until it was ready",
                "   3.0 s  test             waited for a free slot, freed by lint",
                "  20.0 s  test             attempt 2",
                "   0.5 s  after the jobs",
            ],
        )

    def test_short_links_are_summed_up_and_the_longest_are_shown(self) -> None:
        links = [(f"j{number}", 0.05 + number, "run", "") for number in range(20)]
        shown = path_lines.lines(path(*links), 191.0)
        self.assertEqual(len(shown), 1 + path_lines.MOST + 1)
        self.assertEqual(shown[1].split()[-1], "j8")
        self.assertEqual(shown[-1].strip(), "28.4 s  (8 shorter)")

    def test_short_run_has_none(self) -> None:
        self.assertEqual(path_lines.lines(path(("a", 0.05, "run", "")), 0.05), [])


if __name__ == "__main__":
    unittest.main()
