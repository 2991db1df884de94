"""The page of past runs: what stands where, and that no name becomes markup."""

from __future__ import annotations

import unittest
from typing import Any
from xml.etree import ElementTree

from lib.diagnosis.most_waited import WaitedFor
from lib.history.past_runs import JobRun
from lib.history.statistics import Tries
from lib.page.history_page import PastRuns, view
from tests.unit.page.test_markup import HOSTILE

DAY = 86400.0


def job_runs(name: str, newest_first: str, seconds: float, **more: Any) -> list[JobRun]:
    """Return runs of a job: `F` failed, `p` passed."""
    ends = {"F": "failed", "p": "passed", "f": "flaky"}
    made = []
    for at, letter in enumerate(newest_first):
        rest = (None, ends[letter], seconds + at, 1, "", None, None, None)
        one = JobRun(name, f"r{at}", (100 - at) * DAY, "c" * 40, "main", "t", *rest)
        made.append(one._replace(**more))
    return made


def shown(past: PastRuns) -> str:
    text = view(past)
    ElementTree.fromstring(
        text.partition("<body>")[2].rpartition("</body>")[0].join(["<b>", "</b>"])
    )
    return text


class Page(unittest.TestCase):
    def test_red_jobs_come_first_and_all_jobs_by_their_usual_length(self) -> None:
        jobs = {"fast": job_runs("fast", "ppp", 1), "slow": job_runs("slow", "FFp", 90)}
        text = shown(PastRuns("main", 3, jobs, {}, (), 0))
        self.assertIn("<b>slow</b> since ccccccc of main, 1970-04-10, 2 runs", text)
        self.assertIn("The latest 3 runs of main, 1970-04-09 to 1970-04-11.", text)
        table = text.partition('<h2 id="slowest-jobs">')[2]
        self.assertLess(table.index(">slow<"), table.index(">fast<"))
        self.assertEqual(text.count('class="failed"'), 2)
        self.assertNotIn("Flakiest", text)

    def test_flakiest_test_and_longest_wait_have_a_row(self) -> None:
        flaky = {("job", "a::b"): Tries(4, 1, 7, 1), ("job", ""): Tries(4, 2, 6, 2)}
        waited = [WaitedFor("build", 12.0, 3), WaitedFor("(a free slot)", 1.5, 1)]
        text = shown(PastRuns("", 4, {}, flaky, waited, 3))
        self.assertLess(text.index("the job itself"), text.index("a::b"))
        self.assertIn('<td>build</td><td class="number">12.0 s</td><td class="number">3 of 3', text)

    def test_hostile_names_stay_text(self) -> None:
        for name in HOSTILE:
            with self.subTest(name):
                runs = {name: job_runs(name, "FpF", 1, run=name, branch=name, sha=name)}
                flaky = {(name, name): Tries(1, 1, 1, 1)}
                text = shown(PastRuns(name, 3, runs, flaky, [WaitedFor(name, 1.0, 1)], 1))
                self.assertNotIn("<script>", text)
                self.assertNotIn("\x1b", text)
                self.assertNotIn("\u202e", text)

    def test_very_many_jobs_are_counted_and_the_slowest_shown(self) -> None:
        jobs = {f"j{at}": job_runs(f"j{at}", "p" * 100, at) for at in range(1, 1001)}
        text = shown(PastRuns("", 100, jobs, {}, (), 0))
        self.assertIn("and 700 more", text)
        self.assertIn(">j1000<", text)
        self.assertNotIn(">j1<", text)
        self.assertLess(len(text), 3_000_000)

    def test_damaged_rows_raise_nothing(self) -> None:
        runs = {"a": job_runs("a", "pF", 1)}
        runs["a"][0] = runs["a"][0]._replace(started=1e300, seconds=0.0)
        shown(PastRuns("", 2, runs, {}, (), 0))


if __name__ == "__main__":
    unittest.main()
