"""The dashboard in a browser: light, dark, on a phone, live, and with texts that want to be markup.

check.py runs it with Python of the environment that has the pinned packages of npm.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from lib.commit_queue.states import State
from tests.pages import every_visit
from tests.support import example_box
from tests.support.example_box import ExampleBox
from tests.support.served import served

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

LOOK = Path(__file__).with_name("look_dashboard.mjs")
LONGEST = 240  # seconds, with a slow machine's allowance
TOKEN = "0123456789abcdef-token"
OURS = {
    *("a", "b", "body", "code", "dd", "div", "dl", "dt", "footer", "h1", "h2", "head", "header"),
    *("html", "li", "link", "main", "meta", "ol", "p", "pre", "rect", "script", "section", "span"),
    *("style", "svg", "table", "tbody", "td", "th", "thead", "time", "title", "tr", "ul"),
}


def with_changes(
    application: WSGIApplication, changes: Mapping[str, Callable[[], object]]
) -> WSGIApplication:
    """Return the application and, at `/change/<name>`, a door to change its box."""

    def answer(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        word = environ["PATH_INFO"].removeprefix("/change/")
        if word not in changes:
            return application(environ, start)
        changes[word]()
        start("204 No Content", [])
        return []

    return answer


def changes_of(box: ExampleBox, run: str) -> dict[str, Callable[[], object]]:
    """Return what the browser may ask to happen on a box."""
    directory = box.state / "runs" / run
    [running] = box.queue.entries(states={State.RUNNING})

    def job_ends() -> None:
        with (directory / "ci.log").open("a") as log:
            log.write("[10:11:30] PASS  test-python\n")

    return {
        "push": lambda: box.push(0x9999999, "new-branch"),
        "progress": lambda: box.progress(directory, 0x5656565, "storybook", 40),
        "log": lambda: box.log_of(directory, b"a <b>new</b> line\n", "test-python"),
        "job-ends": job_ends,
        "end": lambda: box.queue.end(running.id, State.FAILED, 1),
        "pause": lambda: box.queue.set_mode("paused"),
    }


class Dashboards(every_visit.EveryVisit):
    @classmethod
    def setUpClass(cls) -> None:
        browser = shutil.which("chromium")
        if browser is None:
            raise FileNotFoundError("expected chromium on PATH, found none: install it")
        stack = cls.enterClassContext(contextlib.ExitStack())

        def place() -> Path:
            return Path(stack.enter_context(tempfile.TemporaryDirectory()))

        def serve(application: WSGIApplication) -> str:
            return f"http://127.0.0.1:{stack.enter_context(served(application)).server_port}"

        busy = stack.enter_context(example_box.busy(place()))
        [running] = busy.queue.entries(states={State.RUNNING})
        hostile = stack.enter_context(example_box.hostile(place()))
        [live] = hostile.queue.entries(states={State.RUNNING})
        locked = ExampleBox(place(), CI_READ_TOKEN=TOKEN)
        report = locked.ran(1, "main", State.PASSED)
        given = {
            "busy": serve(with_changes(busy.dashboard, changes_of(busy, running.run))),
            "run": f"/runs/{running.run}/",
            "hostile": serve(hostile.dashboard),
            "hostileRun": f"/runs/{live.run}/",
            "empty": serve(ExampleBox(place()).dashboard),
            "locked": serve(locked.dashboard),
            "token": TOKEN,
            "report": f"/runs/{report}/",
        }
        ran = subprocess.run(
            ["node", LOOK, sys.prefix, browser, json.dumps(given)],
            capture_output=True,
            text=True,
            timeout=LONGEST,
            check=False,
        )
        if ran.returncode:
            raise AssertionError(ran.stderr)
        cls.told = json.loads(ran.stdout)

    def test_page_says_nothing_on_the_console_and_asks_no_other_host(self) -> None:
        for name, visit in self.told["visits"].items():
            self.assertEqual(visit["heard"], [], name)
        self.assertEqual(self.told["liveHeard"], [])

    def test_verdict_and_what_runs_are_in_sight_at_once_on_a_phone(self) -> None:
        self.assertEqual(self.told["verdict"], "main passes")
        self.assertLess(self.told["cardEnds"], 844)

    def test_page_follows_the_queue_without_being_loaded_again(self) -> None:
        self.assertEqual(
            self.told["live"],
            {
                "pushed": True,
                "progress": "7 of 9 jobs · 1 failed · 2 running",
                "focus": "5656565056",
                "ended": "failed",
                "held": "The queue is paused: pipeline.py queue resume goes on.",
                "sameDocument": True,
            },
        )

    def test_log_is_shown_while_it_grows_as_text(self) -> None:
        self.assertEqual(
            self.told["log"], {"text": "a <b>new</b> line\n", "tags": 0, "said": "Ended: passed"}
        )

    def test_page_works_without_a_script(self) -> None:
        for text in ("main passes", "storybook", "hotfix", "6 of 9 jobs", "Reload the page"):
            self.assertIn(text, self.told["withoutScript"])

    def test_empty_page_says_what_to_do(self) -> None:
        self.assertIn("Nothing has run yet", self.told["empty"])
        self.assertIn("queue push SHA BRANCH", self.told["empty"])

    def test_nothing_hostile_becomes_markup_or_an_address(self) -> None:
        for page in ("home", "run"):
            hostile = self.told["hostile"][page]
            self.assertLessEqual(set(hostile["tags"]), OURS)
            self.assertEqual(hostile["handlers"], [])
            self.assertEqual(hostile["scripts"], 1)
            for address in hostile["addresses"]:
                self.assertRegex(address, r"^(\./[^:]*|\.\./\.\./|data:image/svg.*)$")
        self.assertIn("<script>alert(1)</script>", self.told["hostile"]["text"])

    def test_long_names_break_no_commit_and_move_no_column(self) -> None:
        home = self.told["hostile"]["home"]
        self.assertEqual({*home["linesOfCommits"]}, {1})
        branches, recent = home["columns"]
        self.assertEqual(branches, recent)

    def test_token_opens_all_pages_of_one_browser_and_stays_out_of_its_address(self) -> None:
        self.assertEqual(self.told["token"]["asked"], 401)
        self.assertEqual(self.told["token"]["address"], "/")
        self.assertEqual(self.told["token"]["verdict"], "main passes")
        self.assertEqual(self.told["token"]["cookie"], [True, "Strict"])
        # a report has no rights, so that its links count as those of another site
        self.assertIn("PASS  lint", self.told["token"]["logOfReport"])


if __name__ == "__main__":
    unittest.main()
