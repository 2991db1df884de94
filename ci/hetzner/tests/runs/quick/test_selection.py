"""Which jobs a selection runs."""

from __future__ import annotations

import unittest

from tests.support.three_jobs import ThreeJobs


class Selections(ThreeJobs):
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
