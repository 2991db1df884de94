"""The page of several runs: one axis for all, and that no name becomes markup."""

from __future__ import annotations

import re
import unittest
from xml.etree import ElementTree

from lib.diagnosis.comparison import compare
from lib.page.comparison_page import view
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from tests.unit.page.test_markup import HOSTILE


def run(name: str, seconds: float, outcome: str = "passed") -> RunRecord:
    tried = (AttemptSpan(1, 0.0, seconds, outcome),)
    job = JobRecord(
        name, outcome=outcome, attempts=tried, started=0.0, ended=seconds, reason=name, ready_at=0.0
    )
    header = {"branch": name, "sha": name, "tree": "t"}
    return RunRecord(name, header, 0.0, 0.0, seconds, seconds, outcome != "passed", jobs=(job,))


def shown(labels: list[str], runs: list[RunRecord], changes: list[str] | None = None) -> str:
    text = view(labels, compare(runs), changes)
    body = text.partition("<body>")[2].rpartition("</body>")[0]
    ElementTree.fromstring(f"<b>{body}</b>")
    return text


class Page(unittest.TestCase):
    def test_all_timelines_have_the_axis_of_the_longest_run(self) -> None:
        text = shown(["before", "after"], [run("a", 10.0), run("a", 40.0)])
        widths = re.findall(r'<rect class="bar passed"[^>]* width="([\d.]+)%', text)
        self.assertEqual(widths, ["25.00", "100.00"])
        self.assertLess(text.index("<h3>before"), text.index("<h3>after"))

    def test_differences_have_a_section_each_only_if_there_are_any(self) -> None:
        text = shown(["x", "y"], [run("a", 10.0), run("a", 40.0)], ["kernel: 6.1 -> 6.2"])
        self.assertIn('<td>a</td><td class="number">10.0 s</td>', text)
        self.assertIn("+30.0 s", text)
        self.assertIn("kernel: 6.1 -&gt; 6.2", text)
        self.assertNotIn("Faster", text)
        ended = shown(["x", "y"], [run("a", 1.0), run("a", 1.0, "failed")])
        self.assertIn("Ended otherwise", ended)
        self.assertIn("not known", ended)

    def test_runs_that_do_not_differ_are_said_not_to(self) -> None:
        old, new = run("a", 27.0, "failed"), run("a", 3.0, "failed")
        told = "of those that passed in both, none took notably longer or shorter."
        self.assertIn(told, shown(["x", "y"], [old, new]))
        self.assertNotIn(told, shown(["x", "y"], [run("a", 27.0), run("a", 3.0)]))

    def test_commit_is_shown_short(self) -> None:
        named = run("a", 1.0)._replace(header={"sha": "0123456789abcdef"})
        text = shown(["x", "y"], [named, named])
        self.assertIn('<code title="0123456789abcdef">0123456789</code>', text)

    def test_hostile_names_stay_text(self) -> None:
        for name in HOSTILE:
            with self.subTest(name):
                text = shown([name, name], [run(name, 1.0), run(name, 9.0, "failed")], [name])
                self.assertNotIn("<script>", text)
                self.assertNotIn("\x1b", text)

    def test_runs_without_jobs_or_an_end_raise_nothing(self) -> None:
        shown(["a", "b"], [RunRecord(), RunRecord(began=1e300)])


if __name__ == "__main__":
    unittest.main()
