"""The answer for programs: true, and short enough to be read whole."""

from __future__ import annotations

import json
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from lib.report.run_inputs import RunInputs
from lib.test_results.test_case import FAILED, PASSED, PYTEST, TestCase
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from lib.views import answer_json

PROGRAM = "/home/somebody/a-repository-with-a-long-name/ci/hetzner/pipeline.py"
SECRET = "hunter2hunter2"


def failing(name: str, **more: Any) -> JobRecord:
    rerun = ("python3", PROGRAM, "0" * 40, "--only-jobs", name, "--no-deps")
    span = AttemptSpan(1, 1.0, 31.0, "failed", "exit code", 1, "exit code 1")
    fields = {"outcome": "failed", "cause": "exit code", "reason": "exit code 1", "usual": 12.0}
    fields |= {"attempts": (span,), "started": 1.0, "ended": 31.0, "log": f"{name}.log"}
    return JobRecord(name, **{**fields, "rerun": rerun, **more})


def passing(name: str) -> JobRecord:
    span = AttemptSpan(1, 1.0, 13.34, "passed", "", 0)
    return JobRecord(
        name, outcome="passed", attempts=(span,), started=1.0, ended=13.34, usual=12.345
    )


def case(job: str, title: str, outcome: str) -> TestCase:
    name = f"tests/unit/a_module_test.py::{title}"
    return TestCase(job, name, outcome, 1.0, "tests.unit.a_module_test", title, "", PYTEST)


def inputs(*jobs: JobRecord, code: int | None = 1, **more: Any) -> RunInputs:
    header = {"sha": "0" * 40, "branch": "b" * 60, "tree": "1" * 40, "dirty": False, "whole": True}
    record = RunRecord("run-1", header, 1e9, 0.0, 40.0, 40.0, code, "failed in 40 s: a", jobs)
    return RunInputs(record, Path("/srv/ci/runs/run-1"), **more)


class Answers(unittest.TestCase):
    # json_schemas also checks it
    read: Callable[[str], Any] = staticmethod(json.loads)

    def answer(self, given: RunInputs) -> dict[str, Any]:
        told: dict[str, Any] = self.read(answer_json.text(given))
        return told

    def test_run_and_jobs_are_told(self) -> None:
        told = self.answer(inputs(passing("a"), failing("b"), excerpts={"b": ["E   boom"]}))
        self.assertEqual((told["verdict"], told["exit_code"], told["whole"]), ("failed", 1, True))
        a, b = told["jobs"]
        self.assertEqual(a, {"name": "a", "outcome": "passed", "seconds": 12.3, "usual": 12.3})
        self.assertEqual((b["cause"], b["exit_code"], b["log"]), ("exit code", 1, "b.log"))
        self.assertEqual(b["excerpt"], ["E   boom"])
        self.assertEqual(b["rerun"][-3:], ["--only-jobs", "b", "--no-deps"])

    def test_red_run_of_seventeen_jobs_takes_less_than_4_kb(self) -> None:
        names = [f"playwright-with-a-rather-long-name-{number:02}" for number in range(17)]
        log = [f"{'x' * 300} line {number}" for number in range(20)]
        log[3] = "FAILED tests/unit/a_module_test.py::test_7 - AssertionError: 1 != 2"
        bad = names[:2]
        tests = {
            name: [case(name, f"test_{'long_' * 20}{n}", FAILED) for n in range(30)] for name in bad
        }
        given = inputs(
            *map(failing, bad),
            *map(passing, names[2:]),
            tests=tests,
            excerpts=dict.fromkeys(bad, log),
        )
        self.assertLess(len(answer_json.text(given)), 4096)
        for job in self.answer(given)["jobs"][:2]:
            self.assertIn(log[3], job["excerpt"])
            self.assertEqual(job["tests_failed"], 30)
            self.assertIn("test_long_", job["tests"][0])

    def test_words_to_run_again_are_those_of_the_run_itself(self) -> None:
        """A look at the test cases alone does not know how the job ended."""
        cases = {"b": [case("b", "test_one", FAILED), case("b", "test_two", PASSED)]}
        given = failing("b")
        told = self.answer(inputs(given, tests=cases))["jobs"][0]
        self.assertEqual(told["rerun"], [*given.rerun])

    def test_run_without_an_end_is_no_pass(self) -> None:
        told = self.answer(inputs(JobRecord("a", started=1.0), code=None))
        self.assertEqual((told["verdict"], told["exit_code"]), ("failed", None))
        self.assertEqual(told["jobs"][0]["outcome"], "unfinished")

    def test_passed_run_is_a_pass(self) -> None:
        self.assertEqual(self.answer(inputs(passing("a"), code=0))["verdict"], "passed")

    def test_signal_and_retries_are_told(self) -> None:
        spans = (AttemptSpan(1, 0, 1, "failed", "", 1), AttemptSpan(2, 1, 2, "failed", "", -9))
        told = self.answer(inputs(failing("a", attempts=spans, cause="signal")))["jobs"][0]
        self.assertEqual((told["signal"], told["attempts"]), (9, 2))
        self.assertNotIn("exit_code", told)

    def test_signal_that_stops_a_service_is_none_of_its_faults(self) -> None:
        stopped = passing("s")._replace(attempts=(AttemptSpan(1, 0, 1, "passed", "", -15),))
        self.assertNotIn("signal", self.answer(inputs(stopped, code=0))["jobs"][0])

    def test_secrets_across_a_cut_are_masked(self) -> None:
        mask = lambda text: text.replace(SECRET, "***")  # noqa: E731
        for pad in range(answer_json.LINE - 20, answer_json.LINE):
            line = f"{'x' * pad}{SECRET}{'y' * 300}"
            given = inputs(failing("a", reason=line), excerpts={"a": [line]}, redact=mask)
            self.assertNotIn(SECRET[:6], answer_json.text(given))


if __name__ == "__main__":
    unittest.main()
