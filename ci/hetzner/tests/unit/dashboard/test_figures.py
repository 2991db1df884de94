"""What the dashboard tells programs: health, figures, entries and runs, badges."""

from __future__ import annotations

import json
import tempfile
import time
import unittest
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from unittest import mock

from lib.commit_queue import paths
from lib.commit_queue.states import State
from lib.dashboard import box_health, metrics
from tests.support import example_box
from tests.support.example_box import ExampleBox, sha
from tests.support.queue_case import MEMORY
from tests.support.served import Asking

HOSTILE = 'x"\\\n<b>`'


class WithBox(Asking):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory(dir=MEMORY)))
        self.box = ExampleBox(self.state)
        self.serve(self.box.dashboard)

    @staticmethod
    def read(text: str) -> Any:
        """Return an answer as data."""
        return json.loads(text)

    def health(self) -> tuple[int, dict[str, Any]]:
        answer = self.get("/health")
        self.assertEqual(answer.headers["Content-Type"], "application/json")
        return answer.status, self.read(answer.read().decode())


class Health(WithBox):
    def test_box_with_a_worker_and_room_is_well(self) -> None:
        self.box.push(1)
        with self.box.worker():
            status, told = self.health()
        self.assertEqual((status, told["healthy"], told["worker"]), (200, True, True))
        self.assertEqual(told["queue"], {"waiting": 1, "running": 0})
        self.assertEqual((told["mode"], told["problems"]), ("running", []))

    def test_box_without_a_worker_is_not(self) -> None:
        status, told = self.health()
        self.assertEqual((status, told["worker"], told["healthy"]), (503, False, False))
        self.assertEqual(len(told["problems"]), 1)
        self.assertIn("queue worker", told["problems"][0])

    def test_look_leaves_the_lock_of_the_worker_free(self) -> None:
        lock = paths.worker_lock(self.state)
        lock.parent.mkdir()
        lock.touch()
        self.assertFalse(self.health()[1]["worker"])
        with self.box.worker():
            self.assertTrue(self.health()[1]["worker"])

    def test_full_disk_is_told_with_its_remedy(self) -> None:
        full = ExampleBox(self.state, CI_FREE_BYTES=str(10**15))
        with full.worker():
            health = box_health.look(full.settings, full.queue)
        self.assertEqual((health.full, health.well), (True, False))
        self.assertIn("gc", box_health.problems(health)[0])

    def test_queue_that_cannot_be_read_is_told_and_the_rest_as_well(self) -> None:
        with (
            self.box.worker(),
            mock.patch.object(self.box.queue, "counts", side_effect=OSError("queue: broken")),
        ):
            status, told = self.health()
            self.assertEqual((status, told["mode"], told["worker"]), (503, None, True))
            self.assertEqual(told["problems"], ["The queue cannot be read: queue: broken"])
            page = self.text("/")
        self.assertIn("The queue cannot be read", page)

    def test_success_becomes_stale(self) -> None:
        self.assertEqual(self.health()[1]["last_success"], None)
        self.assertTrue(self.health()[1]["stale"])
        self.box.ran(1, "main", State.PASSED)
        told = self.health()[1]
        self.assertFalse(told["stale"])
        self.assertLess(abs(told["last_success"] - time.time()), 3600)
        with mock.patch("time.time", return_value=time.time() + 8 * 24 * 3600):
            self.assertTrue(self.health()[1]["stale"])

    def test_box_that_a_person_has_stopped_is_well(self) -> None:
        for mode in ("paused", "draining"):
            self.box.queue.set_mode(mode, "by hand")
            with self.box.worker():
                status, told = self.health()
            self.assertEqual((status, told["mode"], len(told["problems"])), (200, mode, 1))

    def test_box_that_stands_still_by_itself_is_not(self) -> None:
        with self.box.worker():
            self.box.queue.set_message("an earlier run has not ended")
            status, told = self.health()
            self.assertEqual((status, told["healthy"]), (503, False))
            self.assertEqual(told["message"], "an earlier run has not ended")
            self.box.queue.set_message("")
            self.assertEqual(self.health()[0], 200)


class Figures(WithBox):
    def test_figures_are_those_of_the_queue(self) -> None:
        self.box.ran(1, "main", State.PASSED)
        self.box.ran(2, "main", State.FAILED, red=["lint"])
        self.box.push(3)
        answer = self.get("/metrics")
        self.assertEqual(answer.headers["Content-Type"], metrics.KIND)
        lines = answer.read().decode().splitlines()
        for line in (
            'ci_queue_entries{state="waiting"} 1',
            'ci_queue_entries{state="passed"} 1',
            'ci_run_seconds_count{state="failed"} 1',
            'ci_queue_mode{mode="running"} 1',
            "ci_worker_alive 0",
            "# TYPE ci_run_seconds summary",
        ):
            self.assertIn(line, lines)

    def test_label_cannot_leave_its_quotes(self) -> None:
        figure = metrics.Figure("a", "gauge", "b", [("", {"c": HOSTILE}, 1.0)])
        line = metrics.shown([figure]).splitlines()[-1]
        self.assertEqual(line, r'a{c="x\"\\\n<b>`"} 1')


class Runs(WithBox):
    def page(self, query: str = "") -> dict[str, Any]:
        found: dict[str, Any] = self.read(self.text(f"/api/runs.json?{query}"))
        return found

    def test_pages_have_each_entry_and_each_run_once(self) -> None:
        for number in range(5):
            self.box.ran(number, "main", State.PASSED)
        self.box.ended_run(9, "by-hand")
        entries, runs, query = [], [], "limit=2"
        for _ in range(9):
            page = self.page(query)
            entries += [entry["id"] for entry in page["entries"]]
            runs += [run["name"] for run in page["runs"]]
            if page["next"] is None:
                break
            query = page["next"]
        self.assertIsNone(page["next"])
        self.assertEqual(entries, [5, 4, 3, 2, 1])
        self.assertEqual((len(runs), len({*runs})), (6, 6))

    def test_entry_has_its_run_and_a_run_its_jobs(self) -> None:
        run = self.box.ran(1, "fix", State.FAILED, red=["lint"])
        page = self.page()
        self.assertEqual(page["entries"][0]["run"], run)
        self.assertEqual(page["entries"][0]["refs"], [{"branch": "fix", "pull": 0, "fork": ""}])
        self.assertEqual(page["runs"][0]["broken"], ["lint"])
        self.assertEqual((page["runs"][0]["passed"], page["runs"][0]["total"]), (8, 9))

    def test_entries_are_chosen_by_branch_and_state(self) -> None:
        self.box.ran(1, "fix/a", State.FAILED, red=["lint"])
        self.box.push(2)
        for query, found in (("branch=fix/a", [1]), ("state=waiting", [2]), ("branch=x", [])):
            self.assertEqual([entry["id"] for entry in self.page(query)["entries"]], found)

    def test_query_of_another_form_is_not_found(self) -> None:
        for query in ("limit=-1", "limit=x", "before=1e9", "state=odd", "run_before=..", "limit=٣"):
            quoted = query.replace("٣", "%D9%A3")
            self.assertEqual(self.get(f"/api/runs.json?{quoted}").status, 404, query)
        self.assertEqual(self.page("limit=999999")["next"], None)
        self.assertEqual(self.page("limit=0"), self.page("limit=1"))

    def test_live_run_has_its_running_jobs(self) -> None:
        with self.box.live_run(1, "main"):
            run = self.page()["runs"][0]
        self.assertEqual((run["state"], run["total"]), ("running", 9))
        self.assertEqual({job["name"] for job in run["running"]} & {"playwright"}, {"playwright"})


class Badges(WithBox):
    def badge(self, path: str) -> str:
        answer = self.get(f"/badge/{path}.svg")
        self.assertEqual(answer.headers["Content-Type"], "image/svg+xml")
        self.assertIn("no-cache", answer.headers["Cache-Control"])
        return ET.fromstring(answer.read()).attrib["aria-label"]

    def test_badge_has_the_last_verdict_on_a_branch(self) -> None:
        self.assertEqual(self.badge("main"), "ci: unknown")
        self.box.ran(1, "main", State.PASSED)
        self.box.ran(2, "fix/a-b", State.FAILED, red=["lint"])
        self.assertEqual(self.badge("main"), "ci: passing")
        self.assertEqual(self.badge("fix/a-b"), "ci: failing")
        self.assertEqual(self.badge("fix%2Fa-b"), "ci: failing")

    def test_waiting_cancelled_and_superseded_entries_change_no_verdict(self) -> None:
        self.box.ran(1, "topic", State.PASSED)
        self.box.queue.cancel(self.box.push(2, "topic").id, "by hand")
        self.box.push(3, "topic")
        self.box.push(4, "topic")
        self.assertEqual(self.badge("topic"), "ci: passing")

    def test_branch_that_goes_back_has_the_verdict_of_the_commit_that_it_has(self) -> None:
        self.box.ran(1, "main", State.FAILED, red=["lint"])
        self.box.ran(2, "main", State.PASSED)
        self.box.push(1, "main")
        self.assertEqual(self.badge("main"), "ci: failing")
        self.assertIn("main fails", self.text("/"))
        listed = self.read(self.text("/api/runs.json?branch=main&limit=1"))["entries"]
        self.assertEqual([entry["state"] for entry in listed], ["failed"])

    def test_branch_of_a_fork_is_no_branch_of_the_repository(self) -> None:
        self.box.ran(1, "main", State.PASSED)
        entry = self.box.push(2, "main", fork="somebody/name", pull=3)
        self.box.took()
        self.box.queue.end(entry.id, State.FAILED, 1)
        self.assertEqual(self.badge("main"), "ci: passing")
        self.assertIn("main passes", self.text("/"))

    def test_unknown_and_hostile_branches_are_unknown(self) -> None:
        for path in ("", "x", "..", "%00", "%3Cscript%3E", "a" * 2000, "%ff"):
            self.assertEqual(self.badge(path), "ci: unknown", path)


class Cheap(unittest.TestCase):
    def test_health_reads_no_run(self) -> None:
        with tempfile.TemporaryDirectory() as state, example_box.busy(Path(state)) as made:
            with mock.patch("lib.dashboard.run_lines.stamp", side_effect=AssertionError):
                self.assertTrue(box_health.look(made.settings, made.queue).well)
            self.assertEqual(made.queue.entry(1).sha, sha(0x1A2B3C4))
