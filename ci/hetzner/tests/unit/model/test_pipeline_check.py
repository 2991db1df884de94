"""The arguments of a pipeline."""

from __future__ import annotations

import unittest
from typing import Any

from dsl import Job, Pipeline
from tests.support.declaring import pipeline, problems


class Pipelines(unittest.TestCase):
    def test_every_problem_of_a_pipeline_is_listed(self) -> None:
        found = problems(
            lambda: pipeline(
                Job("a", "x"), Job("a", "x", ["z"]), timeout=-1, grace=-1, max_parallel=0
            )
        )
        self.assertEqual(len(found), 5)

    def test_value_that_is_no_job_is_named_by_its_place(self) -> None:
        self.assertEqual(
            problems(lambda: pipeline(Job("a", "true"), {"name": "b"})),
            ["jobs: expected a Job at place 1, found {'name': 'b'}"],
        )
        alone: Any = Job("a", "true")
        for jobs in (alone, None, 7):
            found = problems(lambda jobs=jobs: Pipeline(jobs, "s", "m", "/x", cwd="/"))
            self.assertRegex(found[0], "^jobs: expected a list such as")
        for name, value in (("cwd", None), ("resources", ["cpu"]), ("resources", 4)):
            found = problems(lambda: pipeline(alone, **{name: value}))  # noqa: B023
            self.assertRegex(found[0], f"^{name}: expected")
        each = (job for job in (alone,))  # can be gone through only once
        made: Any = Pipeline(each, "s", "m", "/x", cwd="/")  # type: ignore[arg-type]
        self.assertEqual(made.jobs, (alone,))


if __name__ == "__main__":
    unittest.main()
