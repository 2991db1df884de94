"""The table of repetitions: jobs that differ between the runs of one commit come first."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.queue_commands import repeat_table
from lib.queue_commands.repeat_table import Table

SHA = "a" * 40


class Tables(unittest.TestCase):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.entries: list[Entry] = []

    def run_of(self, state: State, **outcomes: str) -> None:
        """Add an entry with a run; without outcomes it has left no summary."""
        number = len(self.entries) + 1
        name = f"20260101T00000{number}Z-aaaaaaa" if outcomes else ""
        if outcomes:
            jobs = [{"name": job.replace("_", "-"), "outcome": o} for job, o in outcomes.items()]
            summary = {"schema": 1, "state": "ended", "jobs": jobs}
            directory = self.state / "runs" / name
            directory.mkdir(parents=True)
            (directory / "summary.json").write_text(json.dumps(summary))
        entry = Entry(
            *(number, SHA, (), "repeat", False, state, "", "", 1.0, 2.0, 3.0, 0, name, 1),
            *("r", False, "w", 0),
        )
        self.entries.append(entry)

    def table(self) -> Table:
        return repeat_table.of(self.state, self.entries)

    def test_jobs_that_differ_come_first_then_those_that_never_passed(self) -> None:
        self.run_of(State.FAILED, a="passed", broken="failed", unsteady="passed")
        self.run_of(State.FAILED, a="passed", broken="failed", unsteady="failed")
        self.assertEqual(
            self.table().lines()[-4:],
            [
                "job       passed failed",
                "unsteady       1      1",
                "broken                2",
                "a              2",
            ],
        )
        self.assertEqual(self.table().lines()[0], "0 of 2 runs passed; jobs that differ: unsteady")

    def test_job_that_passed_at_a_second_attempt_differs(self) -> None:
        self.run_of(State.PASSED, a="flaky")
        self.run_of(State.PASSED, a="flaky")
        self.assertEqual(self.table().differing, ["a"])
        self.assertFalse(self.table().alike_and_green)

    def test_job_that_the_cache_restored_counts_as_passed(self) -> None:
        self.run_of(State.PASSED, a="passed")
        self.run_of(State.PASSED, a="restored")
        self.assertEqual((self.table().differing, self.table().alike_and_green), ([], True))

    def test_run_without_a_record_is_not_alike(self) -> None:
        self.run_of(State.PASSED, a="passed")
        self.run_of(State.ERROR)
        self.assertEqual(self.table().as_json()["jobs"], {"a": {"passed": 1, "no record": 1}})
        self.assertFalse(self.table().alike_and_green)

    def test_runs_without_any_record_are_no_proof(self) -> None:
        self.run_of(State.PASSED)
        self.assertFalse(self.table().alike_and_green)
        self.assertEqual(
            self.table().lines()[0],
            "1 of 1 run passed; no run has a record of its jobs: CI_QUEUE_COMMAND has to write "
            "{name_to}",
        )

    def test_red_run_is_red_though_all_jobs_are_alike(self) -> None:
        self.run_of(State.FAILED, a="failed")
        self.run_of(State.FAILED, a="failed")
        self.assertEqual(self.table().differing, [])
        self.assertFalse(self.table().alike_and_green)


if __name__ == "__main__":
    unittest.main()
