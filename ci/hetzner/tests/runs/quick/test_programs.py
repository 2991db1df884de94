"""Programs are looked up where the job will be."""

from __future__ import annotations

import io
import os
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from dsl import Job, Outcome, Pipeline, Result
from lib.github.client import Repository
from lib.github.job_statuses import JobStatuses
from lib.github.status_data import Status
from lib.github.status_reporter import StatusReporter
from lib.model import events
from lib.processes import programs
from tests.support.run_case import RunTest


class Programs(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        for name in ("bin/tool", "here", "bin/data"):
            path = self.root / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("#!/bin/sh\necho found\n")
            path.chmod(0o644 if name == "bin/data" else 0o755)
        self.addCleanup(os.chdir, Path.cwd())
        os.chdir("/")

    def found(self, name: str, path: str) -> bool:
        return programs.find(name, {"PATH": path}, self.root) is not None

    def test_entries_and_paths_that_are_relative_count_from_the_jobs_directory(self) -> None:
        for name, path in (
            ("tool", "bin"),
            ("tool", f"/nowhere:{self.root}/bin"),
            ("tool", "../" + self.root.name + "/bin"),
            ("here", ""),
            ("here", "/nowhere:"),
            ("bin/tool", "/nowhere"),
            ("./here", ""),
            (f"{self.root}/here", "/nowhere"),
        ):
            self.assertTrue(self.found(name, path), (name, path))

    def test_program_that_a_job_could_not_start_is_not_found(self) -> None:
        for name, path in (
            ("tool", ""),
            ("data", "bin"),
            ("bin", "."),
            ("bin/data", ""),
            ("x", ""),
        ):
            self.assertFalse(self.found(name, path), (name, path))

    def test_found_programs_can_be_started_and_others_cannot(self) -> None:
        tool = Job("tool", ["tool"], requires=["tool"], env={"PATH": "bin:/usr/bin:/bin"})
        path = Job("path", ["./here"], requires=["./here"])
        self.assertEqual(self.outcomes(tool, path), "passed passed")
        outside = Job("outside", ["tool"], requires=["tool"])
        self.assertEqual(self.outcomes(outside), "failed")
        self.assertEqual(self.outcomes(outside, env={"PATH": "bin:/usr/bin:/bin"}), "passed")

    def outcomes(self, *jobs: Job, env: dict[str, str] | None = None) -> str:
        ran = Pipeline(
            jobs, "s", "b", self.root / "logs", cwd=self.root, env=env, console=io.StringIO()
        )
        ran.run()
        return " ".join(str(ran.results[job.name].outcome) for job in jobs)


class Missing(RunTest):
    JOBS = (
        Job("one", "true", requires=["no-such-a", "bash", "no-such-b"]),
        Job("two", "true", requires=["no-such-c"]),
        Job("free", "touch started"),
    )

    def lines(self) -> list[str]:
        return [line[11:] for line in self.log("ci").splitlines()]

    def test_all_missing_programs_are_reported_at_once_with_the_flag_that_leaves_their_jobs_out(
        self,
    ) -> None:
        self.assertEqual(self.run_jobs(*self.JOBS)[0], 1)
        self.assertFalse((self.cwd / "started").exists())
        self.assertEqual(
            self.lines()[0],
            "NOTE  not found on PATH: no-such-a and no-such-b for one, no-such-c for two: install "
            'all, or leave out: skip_jobs=["one", "two"]',
        )
        self.assertIn('leave the job out: skip_jobs=["two"]', self.log("ci"))

    def test_flag_that_leaves_a_job_out_works(self) -> None:
        self.assertEqual(self.pipeline(*self.JOBS).run(skip_jobs=["one", "two"]), 0)

    def test_a_command_line_tells_its_own_flag(self) -> None:
        self.run_jobs(*self.JOBS, leave_out=lambda names: f"--skip-jobs {','.join(names)}")
        self.assertIn("leave out: --skip-jobs one,two", self.lines()[0])

    def test_no_log_is_pointed_to_that_was_never_begun(self) -> None:
        self.run_jobs(*self.JOBS)
        self.assertIn("FAIL  one  (it did not start)", self.lines())
        lacks = Job("a", "true", ["b"])
        self.pipeline(lacks, Job("b", "true", outputs={"o": "o"})).run(skip_jobs=["b"])
        self.assertIn("FAIL  a  (it did not start)", self.lines())
        self.run_jobs(Job("a", "exit 1"))
        self.assertIn(f"FAIL  a  (see {self.logs}/a.log)", self.lines())

    def test_a_status_of_a_job_that_did_not_start_points_to_the_log_of_the_run(self) -> None:
        posted: list[Status] = []

        class Reporter(StatusReporter):
            def queue(
                self, status: Status, complete: Callable[[Status], Status] | None = None
            ) -> None:
                posted.append(complete(status) if complete else status)

        reporter = Reporter(Repository("", "", ""), print)
        told = JobStatuses(reporter, "sha", "http://box", lambda _: ["m::x", "m.C::y[1]"])
        for begun, log in ((False, "ci"), (True, "a")):
            result = Result("a", Outcome.FAILED)
            result.begun = begun
            told(events.Finished(0, "a", result, Outcome.FAILED, "why"))
            self.assertEqual(posted[-1].url, f"http://box/{log}.log")
            self.assertEqual("; 2 failed tests: x, y[1]" in posted[-1].description, begun)


if __name__ == "__main__":
    unittest.main()
