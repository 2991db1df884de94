"""Which jobs a selection runs."""

from __future__ import annotations

import io
import tempfile
import unittest
from typing import Any

from dsl import Job, Pipeline


def pipeline(*jobs: Job, **options: Any) -> Pipeline:
    return Pipeline(list(jobs), "sha", "main", "/nowhere", **{"cwd": "/", **options})


class Selections(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        jobs = [Job("lint", "true"), Job("build", "true"), Job("test", "true", ["build"])]
        self.pipeline = Pipeline(
            jobs, "s", "b", directory.name + "/log", cwd=directory.name, console=io.StringIO()
        )

    def test_only_jobs_takes_the_jobs_that_they_need(self) -> None:
        self.assertEqual(self.pipeline.run(only_jobs=["test"]), 0)
        self.assertEqual(set(self.pipeline.results), {"build", "test"})

    def test_no_deps_takes_the_named_ones_alone(self) -> None:
        self.assertEqual(self.pipeline.run(only_jobs=["test"], no_deps=True), 0)
        self.assertEqual(set(self.pipeline.results), {"test"})

    def test_job_that_only_a_skipped_job_needs_is_not_run(self) -> None:
        self.pipeline.run(only_jobs=["test"], skip_jobs=["build"])
        self.assertEqual(self.pipeline.results["build"].outcome, "skipped")


if __name__ == "__main__":
    unittest.main()
