"""Names of resources and those of pools."""

from __future__ import annotations

import unittest

from dsl import Job
from lib.model import pool_names
from tests.support.declaring import pipeline, problems


class Pools(unittest.TestCase):
    def test_resource_larger_than_its_pool_is_refused(self) -> None:
        found = problems(
            lambda: pipeline(Job("a", "x", resources={"cpu": 5}), resources={"cpu": 4})
        )
        self.assertIn("wants 5, the pool has 4", found[0])
        found = problems(lambda: pipeline(Job("a", "x", resources={"lock": 2})))
        self.assertIn("mutex of one", found[0])

    def test_names_like_those_of_a_pool(self) -> None:
        for name, pool in (
            ("cpus", "cpu"),
            ("CPU", "cpu"),
            ("cup", "cpu"),
            ("cores", "cpu"),
            ("mem", "memory"),
            ("memroy", "memory"),
            ("Memory", "memory"),
            ("gpu", ""),
            ("db", ""),
            ("browser", ""),
        ):
            self.assertEqual(pool_names.like_a_pool(name, ("cpu", "memory")), pool, name)

    def test_a_name_like_that_of_a_mutex_is_asked_about_too(self) -> None:
        def asked(*names: str) -> list[str]:
            jobs = [Job(f"j{n}", "true", resources={name: 1}) for n, name in enumerate(names)]
            return pool_names.pool_questions(jobs, ("cpu",))

        self.assertEqual(len(asked("database", "database", "databse")), 1)
        for fine in (
            ("db", "db", "tb"),
            ("browser-1", "browser-1", "browser-2"),
            ("port:1", "port:2"),
        ):
            self.assertEqual(asked(*fine), [], fine)

    def test_one_that_is_too_small_asks_in_the_error(self) -> None:
        (line,) = problems(lambda: pipeline(Job("a", "true", resources={"cpus": 4})))
        self.assertRegex(line, r"job a: resource 'cpus': wants 4, .*did you mean 'cpu'\?")


if __name__ == "__main__":
    unittest.main()
