"""The words of pipeline.py simulate, and what it shows."""

from __future__ import annotations

import contextlib
import io
import json
import unittest
from collections.abc import Mapping
from typing import Any

import pipeline
from benchmarks import predecessor
from lib.model.durations import Timings
from lib.model.job import Job
from lib.simulate import predict
from lib.simulate.predict import Scenario
from tests.support.commit_stage import PREPARE, TABLE
from tests.support.fakes import play
from tests.support.recorded import Recorded, record


def scenario(declared: list[Job], durations: Mapping[str, float], **more: Any) -> Scenario:
    timings = Timings(durations, more.pop("outputs", {}), more.pop("restored", {}))
    return Scenario(declared, more.pop("pools", {}), timings, **more)


def seconds(declared: list[Job], durations: Mapping[str, float], **more: Any) -> float:
    return predict.predict(scenario(declared, durations, **more)).seconds


class Commands(Recorded):
    def simulate(self, *arguments: str) -> tuple[int, str]:
        output = io.StringIO()
        state = ["--state-dir", str(self.path.parent)]
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = pipeline.main(["simulate", *state, *arguments])
        return code, output.getvalue()

    def test_without_any_duration_it_is_refused(self) -> None:
        code, told = self.simulate()
        self.assertEqual(code, 2)
        self.assertIn("no durations are recorded", told)

    def test_it_tells_seconds_path_use_costs_and_assumptions(self) -> None:
        record(self.path, play([Job("lint-python", "true"), Job("build-js", "true")]))
        code, told = self.simulate("--set", "playwright-jupyter=500", "--cpus", "16", "-j", "99")
        self.assertEqual(code, 0)
        jobs = len(TABLE) - len(PREPARE)
        self.assertRegex(told, rf"\A5\d\d\.\d s for {jobs} jobs, with cpu=16, memory=\d+, -j 99\n")
        self.assertRegex(told, r"500\.0 s  playwright-jupyter  after [^\n]+\n")
        self.assertRegex(told, r"used: cpu \d+ %, memory \d+ %, \d\.\d jobs at once\n")
        self.assertRegex(told, r"\d s  edge \S+:\S+\n")
        self.assertIn("never timed, so taken as the median: build-wheel,", told)

    def test_json_tells_the_same_to_programs(self) -> None:
        _, told = self.simulate("--set", "lint-python=3", "--only-jobs", "lint-python", "--json")
        parsed = json.loads(told)
        self.assertEqual((parsed["seconds"], parsed["path"][0]["job"]), (3, "lint-python"))

    def test_mistyped_names_are_refused_with_the_nearest(self) -> None:
        for wrong in (["--drop-edge", "build-js:build-wheal"], ["--set", "lint-pyhton=3"]):
            code, told = self.simulate("--set", "test-js=3", *wrong)
            self.assertEqual(code, 2)
            self.assertIn("did you mean", told)

    def test_more_than_a_timeout_is_said(self) -> None:
        _, told = self.simulate("--set", "lint-python=5000", "--only-jobs", "lint-python")
        self.assertIn("longer than its timeout, so it would fail: lint-python", told)
        self.assertIn("longer than the run's timeout", told)

    def test_a_file_that_is_no_history_is_refused(self) -> None:
        self.path.write_text("not a database, but long enough to be taken for one " * 20)
        self.assertEqual(self.simulate()[0], 2)

    def test_shape_of_the_predecessor_shows_a_column_for_each_machine(self) -> None:
        rows = predecessor.shape()
        self.assertIn("16 fast cores, warm", rows[0])
        self.assertTrue(all(len(row) == len(rows[0]) for row in rows))
        self.assertEqual(self.simulate("--shape", "predecessor"), (0, "\n".join(rows) + "\n"))


if __name__ == "__main__":
    unittest.main()
