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

    def test_port_among_the_resources_is_one_of_tcp(self) -> None:
        for port in ("x", "0", "99999", "65536", "", "080", "-1", " 80"):
            found = problems(lambda: pipeline(Job("a", "true", resources={f"port:{port}": 1})))  # noqa: B023
            self.assertRegex(found[0], "expected port:1 … port:65535 for a port, found")
        for port in ("1", "65535"):
            made = Job("a", "true", resources={f"port:{port}": 1})
            self.assertEqual(problems(lambda: pipeline(made)), [])  # noqa: B023

    def test_texts_on_the_commit_are_texts_and_a_store_has_a_path(self) -> None:
        job: Any = Job("a", "true")
        wrong = [None, b"x", 5, "a\0"]
        texts = {"sha": wrong, "branch": wrong, "tree": wrong[1:]}
        flags: list[Any] = ["no", 1]
        for name, values in (*texts.items(), ("wait", flags)):
            for value in values:
                given: Any = {"sha": "s", "branch": "b", name: value}
                found = problems(lambda: Pipeline([job], log_dir="/x", cwd="/", **given))  # noqa: B023
                self.assertRegex(" ".join(found), f"^{name}: expected")
        found = problems(lambda: Pipeline([job], "s", "b", store="", cwd="/"))
        self.assertRegex(found[0], "^store: expected the path of a directory, found ''")
        self.assertEqual(problems(lambda: Pipeline([job], "", "", "/x", cwd="/", tree=None)), [])


if __name__ == "__main__":
    unittest.main()
