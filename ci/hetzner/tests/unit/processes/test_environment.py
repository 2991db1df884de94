"""The environment of an attempt: whose variables go over whose, and what execve(2) is given."""

from __future__ import annotations

import os
import unittest
from pathlib import Path
from typing import Any

from dsl import Job
from lib.model.phases import Node
from lib.processes.environment import Environment, Environments
from lib.processes.process_table import TAG


def node(job: Job, **fields: Any) -> Node:
    given: dict[str, Any] = {
        "key": job.name,
        "job": job,
        "phase": 0,
        "repeated": False,
        "test_filter": "",
        "edges": (),
        "inputs": {},
        "expects": (),
    }
    return Node(**{**given, **fields})


class Attempts(unittest.TestCase):
    def environment(self, base: dict[str, str], job: Job, **fields: Any) -> Environment:
        made = Environments(base, run="r1-2", cwd=Path("/work"), pytest_workers=3)
        found = made.of(node(job, **fields))
        encoded = dict(entry.split(b"=", 1) for entry in found.encoded)
        self.assertEqual(len(found.encoded), len(encoded), "a variable is given twice")
        expected = {os.fsencode(k): os.fsencode(v) for k, v in found.variables.items()}
        self.assertEqual(encoded, expected)
        return found

    def test_runner_s_variables_go_over_the_job_s_and_these_over_the_common_ones(self) -> None:
        base = {"A": "base", "B": "base", "CI_JOB": "outer", "PWD": "/", "PYTEST_K_FILTER": "old"}
        env = {"B": "job", "PYTEST_WORKERS": "9", "CI_RUN_ID": "mine"}
        found = self.environment(base, Job("a", "true", env=env))
        expected = {
            "A": "base",
            "B": "job",
            "CI_JOB": "a",
            "CI_RUN_ID": "r1-2",
            "PWD": "/work",
            "PYTEST_K_FILTER": "",
            "PYTEST_WORKERS": "9",
            TAG: "r1-2/a",
        }
        self.assertEqual(found.variables | expected, found.variables)
        self.assertEqual(found.get("B"), "job")

    def test_own_variables_do_not_reach_another_job(self) -> None:
        made = Environments({"A": "base"}, run="r1-2", cwd=Path("/work"), pytest_workers=3)
        made.of(node(Job("a", "true", env={"A": "a", "X": "a"})))
        after = made.of(node(Job("b", "true")))
        self.assertEqual((after.get("A"), after.get("X")), ("base", None))
        self.assertNotIn(b"X=a", after.encoded)

    def test_inputs_are_absolute_paths(self) -> None:
        found = self.environment({}, Job("b", "true"), inputs={"CI_OUT_A_O": "dir/o"})
        self.assertEqual(found.get("CI_OUT_A_O"), "/work/dir/o")

    def test_tag_names_outer_runs_first(self) -> None:
        found = self.environment({TAG: "r0-0/outer"}, Job("a", "true"))
        self.assertEqual(found.get(TAG), "r0-0/outer:r1-2/a")

    def test_name_that_no_variable_can_have_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "'A=B'"):
            Environment.of({"A=B": "c"})


if __name__ == "__main__":
    unittest.main()
