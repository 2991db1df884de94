"""The pages and timeline.svg in a browser: bars where the events say, no request, no script.

check.py runs it with Python of the environment that has the pinned packages of npm.
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from lib.diagnosis import comparison
from lib.page import comparison_page, history_page, report_page, timeline_svg
from lib.report.run_inputs import RunInputs
from lib.timeline.run_record import JobRecord
from tests.pages import every_visit
from tests.support import example_history, example_runs

LOOK = Path(__file__).with_name("look.mjs")
LONGEST = 240  # seconds, with a slow machine's allowance
OURS = {
    *("a", "article", "body", "br", "circle", "code", "dd", "details", "div", "dl", "dt"),
    *("fieldset", "figure", "g", "h1", "h2", "h3", "head", "header", "html", "input", "label"),
    *("legend", "li", "line", "main", "meta", "nav", "ol", "p", "path", "polygon", "polyline"),
    *("pre", "rect", "section", "small", "span", "style", "summary", "svg", "table", "tbody"),
    *("td", "text", "th", "thead", "time", "title", "tr", "ul"),
}


def write(pages: Path) -> None:
    """Write all pages that the browser is to open."""
    red = example_runs.inputs(red=True)
    wide = RunInputs(example_runs.wide(2000), Path("run"))
    restored = JobRecord("kept", outcome="restored", reason="passed in r-1", earlier_run="r-1")
    record = red.record._replace(exit_code=None, seconds=None, verdict="", skipped=3)
    record = record._replace(jobs=(*record.jobs, restored), left={"processes": 1})
    cut = red._replace(record=record)  # and its record is damaged
    for name, inputs in {
        "red": red,
        "green": example_runs.inputs(),
        "cut": cut,
        "hostile": example_runs.hostile(),
        "wide": wide,
    }.items():
        (pages / f"{name}.html").write_text(report_page.view(inputs))
    both = comparison.compare([example_runs.record(), red.record])
    changes = ["kernel: 6.1 -> 6.2"]
    compared = comparison_page.view(["before", "after"], both, changes)
    (pages / "compare.html").write_text(compared)
    (pages / "history.html").write_text(history_page.view(example_history.past()))
    (pages / "timeline.svg").write_text(timeline_svg.view(red))


class Report(every_visit.EveryVisit):
    @classmethod
    def setUpClass(cls) -> None:
        browser = shutil.which("chromium")
        if browser is None:
            raise FileNotFoundError("expected chromium on PATH, found none: install it")
        pages = Path(cls.enterClassContext(tempfile.TemporaryDirectory()))
        write(pages)
        ran = subprocess.run(
            ["node", LOOK, sys.prefix, browser, pages],
            check=True,
            capture_output=True,
            text=True,
            timeout=LONGEST,
        )
        cls.told = json.loads(ran.stdout)

    def test_page_asks_for_nothing_and_reports_no_error(self) -> None:
        for name, visit in self.told["visits"].items():
            self.assertEqual(visit["heard"], [], name)
        self.assertEqual(self.told["wideHeard"] + self.told["pictureHeard"], [])

    def test_bars_are_where_the_events_say_without_a_script(self) -> None:
        record = example_runs.record(red=True)
        length = record.end - record.beginning
        for screen in ("bars wide", "bars phone"):
            shown = self.told[screen]
            self.assertEqual([row[0] for row in shown["rows"]], [job.name for job in record.jobs])
            for name, ends, beside in shown["rows"]:
                job = record.job(name)
                assert job is not None
                self.assertTrue(beside, f"{name}: its bar is not in the row of its name")
                if job.started is None or job.ended is None:
                    self.assertEqual(ends, [], name)
                    continue
                for end, at in ((ends[0][0], job.started), (ends[-1][1], job.ended)):
                    wanted = (at - record.beginning) / length
                    self.assertAlmostEqual(end, wanted, delta=1 / shown["width"], msg=name)

    def test_verdict_and_the_broken_test_are_in_sight_at_once(self) -> None:
        self.assertIn("Failed", self.told["verdict"])
        self.assertIn("test_summary_of_an_empty_frame", self.told["broken"])
        self.assertLess(self.told["brokenEnds"], 400)

    def test_keyboard_reaches_links_log_and_choices(self) -> None:
        tabs = self.told["tabs"]
        self.assertEqual(tabs[0], "#timeline")
        for place in ("#jobs", "#job-1", "log", "rows-all", "scrolls graph"):
            self.assertIn(place, tabs)

    def test_rows_are_chosen_without_a_script(self) -> None:
        self.assertEqual(self.told["notPassed"], [example_runs.RED, "publish"])
        self.assertEqual(self.told["slow"], ["storybook"])

    def test_print_leaves_out_what_is_for_a_screen(self) -> None:
        self.assertEqual(self.told["printed"], [0, 0, 1])

    def test_nothing_hostile_becomes_markup_or_an_address(self) -> None:
        hostile = self.told["hostile"]
        self.assertLessEqual(set(hostile["tags"]), OURS)
        self.assertEqual(hostile["handlers"], [])
        for address in hostile["addresses"]:
            self.assertRegex(address, r"^(#[a-z0-9-]+|\./[^:]*)$")

    def test_2000_jobs_show_what_did_not_pass_and_all_on_request(self) -> None:
        self.assertEqual(self.told["wideFirst"], ["shard-0007", "shard-1200"])
        self.assertEqual(self.told["wideAll"], 2000)

    def test_picture_has_its_bars_and_colours(self) -> None:
        self.assertEqual(self.told["picture"], {"bars": 17, "colour": "rgb(210, 60, 49)"})


if __name__ == "__main__":
    unittest.main()
