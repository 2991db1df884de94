"""The jobs that failed when they last ran."""

from __future__ import annotations

import json
import tempfile
import unittest
from pathlib import Path

from lib.proof import failed_before
from lib.run_directories import run_name
from lib.run_directories.stored_run import StoredRun


class FailedBefore(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.runs: list[StoredRun] = []

    def add(self, branch: str = "main", **outcomes: str) -> None:
        """Add a run that is older than those before."""
        name = run_name.of("", 10**6 - len(self.runs))
        path = self.root / str(name)
        path.mkdir()
        jobs = [{"name": n, "outcome": o.replace("_", " ")} for n, o in outcomes.items()]
        (path / "summary.json").write_text(json.dumps({"branch": branch, "jobs": jobs}))
        self.runs.append(StoredRun(path, name))

    def failed(self, branch: str = "main", known: str = "a b c") -> str:
        return " ".join(failed_before.jobs(self.runs, branch, known.split()))

    def test_the_last_time_that_a_job_ran_counts(self) -> None:
        self.add(a="passed", b="timed_out")
        self.add(a="failed", b="passed", c="failed")
        self.assertEqual(self.failed(), "b c")

    def test_a_job_that_was_skipped_or_cut_off_did_not_run(self) -> None:
        self.add(a="skipped", b="cancelled")
        self.add(a="failed", b="failed")
        self.assertEqual(self.failed(), "a b")

    def test_runs_of_another_branch_count_only_if_the_branch_is_unknown(self) -> None:
        self.add("other", a="failed")
        self.assertEqual(self.failed(), "")
        self.assertEqual(self.failed(branch=""), "a")

    def test_jobs_that_are_no_more_are_left_out(self) -> None:
        self.add(gone="failed")
        self.assertEqual(self.failed(), "")

    def test_a_damaged_summary_tells_nothing(self) -> None:
        for content in ("{", "[]", '{"jobs": 3}', '{"jobs": [3, {"name": []}]}'):
            self.add()
            (self.runs[-1].path / "summary.json").write_text(content)
        self.add(a="failed")
        self.assertEqual(self.failed(), "a")


if __name__ == "__main__":
    unittest.main()
