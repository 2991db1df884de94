"""Each run in a store has a page; no page, and nothing in its place, changes a verdict."""

from __future__ import annotations

import html
import os
from pathlib import Path
from typing import Any
from unittest import mock
from xml.etree import ElementTree

from dsl import Job, Pipeline
from lib.report import seen_lines
from lib.run_directories.run_store import RunStore
from tests.support.run_case import RunTest


class Pages(RunTest):
    def ran(self, *jobs: Job, branch: str = "main", **options: Any) -> tuple[int, Path]:
        """Run jobs in a store; return the exit code and the directory of the run."""
        store = self.cwd / "store"
        options = {"store": store, "cwd": self.cwd, "timeout": 60, **options}
        code = Pipeline(list(jobs), "0" * 40, branch, console=self.console, **options).run()
        (run,) = RunStore(store).runs()
        return code, run.path

    def test_page_and_picture_tell_of_the_run_and_hold_no_markup_of_its_texts(self) -> None:
        says = "printf '\\033[31mFAILED\\033[0m a.py::test_b <script>x</script>\\n'; exit 3"
        code, run = self.ran(Job("a", says), Job("b", "true", ["a"]), branch="<script>y</script>")
        self.assertEqual(code, 1)
        page = (run / "report.html").read_text()
        for part in (">Failed</span>", "exit code 3", '<span class="ansi-red">FAILED</span> a.py'):
            self.assertIn(part, page)
        self.assertIn("&lt;script&gt;y", page)
        self.assertNotIn("<script", page)
        picture = ElementTree.parse(run / "timeline.svg").getroot()
        self.assertIn("failed", "".join(picture.itertext()))

    def test_end_of_a_log_is_looked_at_once_for_the_console_and_the_views(self) -> None:
        with mock.patch.object(seen_lines, "as_seen", side_effect=seen_lines.as_seen) as looks:
            self.ran(Job("a", "echo FAILED a.py::test_b; exit 3"))
        self.assertEqual(looks.call_count, 1)

    def test_something_in_the_place_of_the_page_is_a_note_and_changes_nothing(self) -> None:
        code, run = self.ran(Job("a", "cd store/runs/*/; mkdir report.html"))
        self.assertEqual(code, 0)
        self.assertIn("NOTE  report.html is not written", (run / "ci.log").read_text())
        self.assertTrue((run / "timeline.svg").is_file())

    def test_secret_that_escaping_changes_is_in_no_page(self) -> None:
        secret = "<a&b>\"c'd"
        (self.cwd / "said").write_text(f"FAILED {secret}\n")
        with mock.patch.dict(os.environ, {"CI_SECRET_A": secret}):
            _, run = self.ran(Job("a", "cat said; exit 3"), branch=secret)
        for name in ("report.html", "timeline.svg"):
            made = (run / name).read_text()
            self.assertNotIn(html.escape(secret), made)
            self.assertIn("***", made)
