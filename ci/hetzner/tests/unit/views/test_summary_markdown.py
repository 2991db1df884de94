"""summary.md tells of a run on one page, and no text of it becomes markup."""

from __future__ import annotations

import os
import re
import tempfile
import unittest
from pathlib import Path

from lib.views import step_summary, summary_markdown
from tests.support import red_run


def shown(markdown: str) -> str:
    """Return a text as Markdown shows it, but for its own markup."""
    return re.sub(r"\\([!-/:-@\[-`{-~])", r"\1", markdown)


class Page(unittest.TestCase):
    def setUp(self) -> None:
        self.lines = summary_markdown.view(red_run.inputs()).splitlines()

    def test_verdict_comes_first_then_the_tree(self) -> None:
        self.assertEqual(shown(self.lines[0]), "## ✗ failed: tests, lint")
        self.assertEqual(
            shown(self.lines[2]),
            "commit 1a2b, branch x|<i>y</i>, with changes that are not committed, "
            "not all jobs or test cases",
        )

    def test_damaged_record_is_said_to_be_one(self) -> None:
        self.assertNotIn("damaged", "\n".join(self.lines))
        record = red_run.inputs().record._replace(skipped=1)
        page = summary_markdown.view(red_run.inputs()._replace(record=record)).splitlines()
        self.assertTrue(page[2].endswith(", a part of its record is damaged"))

    def test_failed_tests_are_named_below_their_job(self) -> None:
        start = self.lines.index(r"### tests: exit code 1")
        self.assertRegex(shown(self.lines[start + 2]), r"^- \*\*m::a <b>.*: a <b>")
        self.assertIn("<pre>python3 p.py --only-jobs tests</pre>", self.lines)
        allowed = [line for line in self.lines if line.startswith("### may")]
        self.assertEqual(shown(allowed[0]), "### may: exit code 1 (allowed to fail)")

    def test_failures_that_fail_the_run_come_first(self) -> None:
        titles = [line.split(":")[0] for line in self.lines if line.startswith("### ")]
        self.assertEqual(
            titles,
            ["### tests", "### lint", "### late", "### cut", "### may", "### Flaky test cases"],
        )

    def test_flaky_tests_are_named(self) -> None:
        self.assertIn("- m::again (passes)", map(shown, self.lines))

    def test_each_job_has_a_row(self) -> None:
        rows = [line for line in self.lines if line.startswith("| ")][1:]
        self.assertEqual([row.split(" ")[1] for row in rows], [job.name for job in red_run.JOBS])
        self.assertEqual(shown(rows[0]), "| passes | passed | 2.5 |  |  |")

    def test_no_text_becomes_markup(self) -> None:
        page = "\n".join(self.lines)
        self.assertNotIn("\x1b", page)
        self.assertEqual(set(re.findall(r"(?<!\\)</?(\w+)", page)), {"details", "summary", "pre"})
        self.assertEqual(page.count("<pre>"), page.count("</pre>"))
        outside = re.sub(r"(?s)<details>.*?</details>", "", page)
        rest = re.sub(r"\\.", "", re.sub(r"(?m)^(#+|- \*\*.*\*\*|\||\|--.*) ", "", outside))
        self.assertNotRegex(rest, r"[`<\[]")

    def test_plain_names_stay_as_they_are_and_addresses_are_no_links(self) -> None:
        job = red_run.JOBS[1]._replace(name="test-js", reason="see https://x.y or WWW.x.y, #1 @me")
        record = red_run.inputs().record._replace(jobs=(job,), verdict="failed in 3 s: test-js")
        page = summary_markdown.view(red_run.inputs()._replace(record=record)).splitlines()
        self.assertEqual(page[0], "## ✗ failed in 3 s: test-js")
        self.assertIn(r"### test-js: see https:\//x.y or WWW\.x.y, \#1 \@me", page)

    def test_long_run_has_a_bounded_page(self) -> None:
        jobs = tuple(red_run.JOBS[0]._replace(name=f"j{number}") for number in range(3000))
        record = red_run.inputs().record._replace(jobs=(*jobs, *red_run.JOBS))
        page = summary_markdown.view(red_run.inputs()._replace(record=record))
        self.assertIn("| and 2510 more |", page)
        self.assertIn("| tests | failed |", page)


class Step(unittest.TestCase):
    def setUp(self) -> None:
        self.run_directory = Path(self.enterContext(tempfile.TemporaryDirectory()))
        (self.run_directory / "summary.md").write_text("## run\n")
        self.step = self.run_directory / "step"

    def add(self, **more: str) -> list[str]:
        environ = {"GITHUB_STEP_SUMMARY": str(self.step)}
        return step_summary.add(self.run_directory, environ | more)

    def test_summary_is_added_to_that_of_the_step(self) -> None:
        self.step.write_text("before\n")
        self.assertEqual(self.add(), [])
        self.assertEqual(self.step.read_text(), "before\n## run\n")

    def test_run_without_a_step_or_within_a_job_adds_nothing(self) -> None:
        self.assertEqual(step_summary.add(self.run_directory, {}), [])
        self.assertEqual(self.add(CI_RUN_ID="r1"), [])
        self.assertFalse(self.step.exists())

    def test_trouble_is_a_line(self) -> None:
        self.step.mkdir()
        self.assertRegex(self.add()[0], "is not written: .*expected a file, found a directory")
        self.step.rmdir()
        os.mkfifo(self.step)
        self.assertRegex(self.add()[0], "found a pipe")
        self.step.unlink()
        (self.run_directory / "summary.md").write_text("x" * (step_summary.MOST + 1))
        self.assertRegex(self.add()[0], "expected at most 1048576 bytes, found 1048577")
        (self.run_directory / "summary.md").unlink()
        self.assertRegex(self.add()[0], "No such file")


if __name__ == "__main__":
    unittest.main()
