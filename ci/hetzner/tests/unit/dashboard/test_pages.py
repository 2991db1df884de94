"""The dashboard's own pages."""

from __future__ import annotations

import os
import re
import tempfile
from pathlib import Path
from unittest import mock

from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.dashboard import page_frame, words
from tests.support import example_box
from tests.support.example_box import ExampleBox, sha
from tests.support.queue_case import MEMORY
from tests.support.served import Asking

TAG = re.compile(r"<[^>]*>")
LOCAL_TIME = re.compile(r"<time datetime=\"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ\" title=\"[^\"]+ UTC\"")


class Pages(Asking):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))

    def box(self, **environ: str) -> ExampleBox:
        made = ExampleBox(self.state, **environ)
        self.serve(made.dashboard)
        return made

    def words(self, path: str = "/?part") -> str:
        """Return the text of a page, without sections that are hidden."""
        page = re.sub(r"<section[^>]* hidden=.*?</section>", "", self.text(path))
        return " ".join(TAG.sub(" ", page).split())


class Home(Pages):
    def test_empty_box_says_what_to_do_next(self) -> None:
        self.box()
        seen = self.words()
        self.assertIn("Nothing has run yet", seen)
        self.assertIn("queue push SHA BRANCH", seen)
        self.assertNotIn("Branches", seen)

    def test_verdict_on_the_first_protected_branch_stands_on_top(self) -> None:
        made = self.box(CI_PROTECTED_BRANCHES="trunk,release/*")
        for number, (branch, state, top) in enumerate(
            (
                ("main", State.FAILED, "main fails"),
                ("topic", State.FAILED, "2 branches fail"),
                ("release/1", State.PASSED, "release/1 passes"),
                ("trunk", State.FAILED, "trunk fails"),
                ("trunk", State.ERROR, "trunk: error"),
            )
        ):
            made.ran(number, branch, state)
            self.assertIn(f"owner/name {top} Running", self.words())

    def test_entry_without_a_run_names_the_command_that_shows_its_output(self) -> None:
        made = self.box()
        entry = made.queue.push(Push(sha(1), Ref("topic"), "push"))
        made.queue.take("w", 1)
        made.queue.end(entry.id, State.ERROR, 127, "the command could not run")
        self.assertIn("topic entry 1 error the command could not run ( queue log 1 )", self.words())

    def test_commit_that_was_pushed_nowhere_is_called_by_the_command_that_made_its_entry(
        self,
    ) -> None:
        made = self.box()
        for number, source in enumerate(("run", "repeat", "repeat")):
            made.queue.push(Push(sha(number), Ref(""), source))
        made.queue.end(made.took().id, State.PASSED, 0)
        made.took()
        made.ended_run(9, "")
        seen = self.words()
        self.assertRegex(seen, r"Running repeat entry 2 .* 1 repeat entry 3 .* by hand passed")
        self.assertIn("run entry 1 passed", seen)

    def test_branch_that_was_cut_off_does_not_pass(self) -> None:
        made = self.box()
        for number, (branch, state, top) in enumerate(
            (
                ("one", State.PASSED, "All branches pass"),
                ("two", State.CUT_OFF, "two: cut off"),
                ("three", State.CUT_OFF, "2 branches do not pass"),
                ("x" * 200, State.FAILED, "3 branches do not pass"),
            )
        ):
            made.ran(number, branch, state)
            self.assertIn(f"owner/name {top} Running", self.words())

    def test_order_of_the_queue_is_the_one_in_which_it_starts(self) -> None:
        made = self.box()
        for number, branch in enumerate(("main", "main", "main", "other")):
            made.push(number, branch)
        made.took()
        self.assertRegex(self.words(), r"1 other \w+ .* 2 main .* 3 main")

    def test_runs_by_hand_are_shown_without_a_queue(self) -> None:
        made = self.box()
        made.ended_run(1, "laptop", red=["lint"])
        seen = self.words()
        self.assertIn("The last run failed", seen)
        self.assertRegex(seen, r"laptop failed lint 0000001000 \d+ \w+ ago 1 min 4 s")

    def test_last_run_without_a_verdict_is_told_in_a_sentence(self) -> None:
        made = self.box()
        for number, (state, told) in enumerate(
            (
                (State.CUT_OFF, "The last run was cut off"),
                (State.CANCELLED, "The last run was cancelled"),
                (State.ERROR, "The last run: error"),
            )
        ):
            made.queue.push(Push(sha(number), Ref(""), "run"))
            made.queue.end(made.took().id, state, 2)
            self.assertIn(f"owner/name {told} Running", self.words())

    def test_last_run_is_green_only_if_it_checked_the_commit(self) -> None:
        run = self.box().ended_run(1, "laptop")
        for fields, limits in (
            ({"whole": False}, "not all jobs or test cases"),
            ({"whole": True, "dirty": True}, "with changes that are not committed"),
            ({"whole": True, "in_place": True}, "in a working tree of its user"),
            ({"whole": True}, ""),
        ):
            made = self.box()
            made.summary(run, 1, "laptop", state="ended", exit_code=0, seconds=1.0, **fields)
            page, seen = self.text("/"), self.words()
            body = page.partition("</style>")[2]
            self.assertEqual('class="green"' in body, not limits)
            self.assertEqual('class="state green"' in body, not limits)
            self.assertEqual(page_frame.COLOURS["green"] in page, not limits)
            remark = f" ({limits})" if limits else ""
            self.assertIn(f"<title>The last run passed{remark} ·", page)
            self.assertIn(f"laptop passed {limits} 0000001".replace("  ", " "), seen)

    def test_entry_that_waits_says_why(self) -> None:
        made = self.box()
        made.push(1, "main")
        made.push(2, "topic", first=True, pull=7)
        made.queue.set_mode("paused")
        made.queue.set_message("the container is down")
        seen = self.words()
        self.assertRegex(seen, r"1 topic #7 entry 2 \w+ goes first .* 2 main entry 1")
        for text in ("The queue is paused", "the container is down", "No worker runs"):
            self.assertIn(text, seen)

    def test_run_that_goes_on_shows_how_far_its_jobs_are(self) -> None:
        with example_box.busy(self.state) as made:
            self.serve(made.dashboard)
            seen = self.words()
            page = self.text("/")
        self.assertIn("6 of 9 jobs · 1 failed · 3 running lint test-python", seen)
        self.assertRegex(page, r'<rect class="failed" x="555\.556" y="0" width="111\.111"')
        self.assertRegex(page, r'href="\./runs/[^"]+/test-python\.log\?follow=1"')

    def test_service_that_is_ready_serves_and_is_not_late(self) -> None:
        made = self.box()
        with made.live_run(1, "main") as run:
            for after, told, state in (
                (0.5, "0 of 2 jobs · 1 running web", "running"),
                (9.0, "0 of 2 jobs · 1 running web serves test 8 s", "serves"),
            ):
                made = self.box()
                made.serving(run, 1, "main", after)
                self.assertIn(told, self.words())
                seen = self.text(f"/runs/{run.name}/?part", {"Accept": "text/html"})
                self.assertRegex(TAG.sub(" ", seen), rf"web\s+{state}\s")

    def test_run_that_is_in_the_queue_is_shown_once(self) -> None:
        made = self.box()
        name = made.ran(1, "main", State.PASSED)
        recent = self.text("/").partition('id="recent"')[2]
        self.assertEqual(recent.count(f"runs/{name}/"), 2)  # the verdict and the commit lead there

    def test_each_time_is_exact_and_in_words(self) -> None:
        with example_box.busy(self.state) as made:
            self.serve(made.dashboard)
            page = self.text("/")
        self.assertGreater(page.count("<time "), 10)
        self.assertEqual(page.count("<time "), len(LOCAL_TIME.findall(page)))

    def test_text_is_one_line_cut_and_masked(self) -> None:
        token = "ghp_0123456789abcdefghijABCDEFGHIJ"
        made = self.box()
        made.push(1, f"{'x' * 60}{token}")
        made.queue.set_message(f"a\nb {token}")
        with mock.patch.dict(os.environ, {"CI_SECRET_A": token}):
            words.mask.cache_clear()
            self.addCleanup(words.mask.cache_clear)
            page = self.text("/")
        for start in range(len(token) - 7):
            self.assertNotIn(token[start : start + 8], page)
        self.assertIn("a\\nb ***", page)


class Runs(Pages):
    def test_run_without_a_report_shows_its_jobs_to_a_browser_and_its_files_to_others(self) -> None:
        with example_box.busy(self.state) as made:
            self.serve(made.dashboard)
            [running] = made.queue.entries(states={State.RUNNING})
            path = f"/runs/{running.run}/"
            browser = self.text(path, {"Accept": "text/html,*/*"})
            by_commit = self.text(f"/logs/{sha(0x1A2B3C4)}/")
            self.assertEqual(self.text(path).split()[0], "ci.log")
        self.assertRegex(TAG.sub(" ", browser), r"lint\s+failed\s+exit code 1\s+2\.0 s")
        self.assertIn("the report", by_commit)

    def test_name_of_a_file_is_a_link_below_the_run_only(self) -> None:
        made = self.box()
        with made.live_run(1, "main") as run:
            (run / "javascript:alert(1)").touch()
            page = self.text(f"/runs/{run.name}/", {"Accept": "text/html"})
        self.assertIn('href="./javascript%3Aalert%281%29"', page)


class Rights(Pages):
    def test_page_runs_its_own_script_and_no_other(self) -> None:
        self.box()
        answer = self.get("/")
        rights = answer.headers["Content-Security-Policy"]
        self.assertIn("default-src 'none'; script-src 'sha256-", rights)
        self.assertNotIn("unsafe", rights)
        self.assertIn("frame-ancestors 'none'", rights)
        self.assertEqual(answer.headers["X-Frame-Options"], "DENY")

    def test_scripts_and_styles_cannot_end_their_element(self) -> None:
        for path in page_frame.HERE.glob("*.[jc]s*"):
            self.assertNotIn("</", path.read_text(), path.name)

    def test_each_answer_has_the_headers_of_all(self) -> None:
        self.box()
        for path in ("/", "/x", "/health", "/metrics", "/runs/", "/badge/a.svg", "/api/runs.json"):
            for method in ("GET", "HEAD", "POST"):
                answer = self.get(path, method)
                found = {
                    name: answer.headers[name] for name in ("Referrer-Policy", "X-Frame-Options")
                }
                self.assertEqual([*found.values()], ["no-referrer", "DENY"], path)
                self.assertEqual(answer.headers["X-Content-Type-Options"], "nosniff")
                if method == "POST":
                    self.assertEqual((answer.status, answer.headers["Allow"]), (405, "GET, HEAD"))
