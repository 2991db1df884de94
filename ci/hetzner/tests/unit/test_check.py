"""The words of check.py, and which of the project's own checks they choose; none of them runs."""

from __future__ import annotations

import os
import sys
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import check
from dsl import Pipeline
from lib.buckaroo import pythons


class Words(unittest.TestCase):
    def chosen(self, *words: str) -> list[str] | None:
        """Return which jobs a pipeline of all of them is told to run; None: all."""
        state = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.dict(os.environ, {"CI_STATE_DIR": state}))
        self.enterContext(mock.patch.object(check, "install_tools", return_value=Path(state)))
        found = {"3.11": sys.executable}
        self.enterContext(mock.patch.object(check, "interpreters", return_value=found))
        run = self.enterContext(mock.patch.object(Pipeline, "run", return_value=0))
        self.enterContext(mock.patch("builtins.print"))
        self.assertEqual(check.main(words), 0)
        only: list[str] | None = run.call_args.kwargs["only_jobs"]
        return only

    def test_fast_are_the_linters_the_types_and_the_fast_tests(self) -> None:
        linters = ["ruff", "shellcheck", "shfmt", "hadolint"]
        self.assertCountEqual(
            self.chosen("--fast") or [], [*linters, "mypy", "mypy-macos", "unit-tests"]
        )

    def test_fast_ones_are_among_the_jobs(self) -> None:
        names = {
            job.name for job in check.jobs(Path("state"), Path("python"), {"3.11": sys.executable})
        }
        self.assertLessEqual(set(check.FAST), names)

    def test_without_words_all_are_run_and_named_ones_alone(self) -> None:
        self.assertIsNone(self.chosen())
        self.assertEqual(self.chosen("--only", "ruff,mypy"), ["ruff", "mypy"])


class Interpreters(unittest.TestCase):
    def names(self, *versions: str) -> set[str]:
        found = {version: f"/python{version}" for version in versions}
        found[versions[0]] = sys.executable
        return {job.name for job in check.tests(Path("python"), found)}

    def test_fast_tests_run_with_every_interpreter(self) -> None:
        named = {name for name in self.names("3.11", "3.12", "3.13") if name.startswith("unit")}
        self.assertEqual(named, {"unit-tests-3.12", "unit-tests-3.13"})  # the first has its own

    def test_no_suite_compiles_the_runner_at_each_start(self) -> None:
        for job in check.tests(Path("python"), {"3.11": "/python3.11"}):
            if job.name.startswith(("unit-tests", "runs-", "faults-")):
                self.assertEqual(job.env["PYTHONDONTWRITEBYTECODE"], "", job.name)

    def test_runs_take_the_oldest_and_the_newest_interpreter_in_turns(self) -> None:
        named = sorted(n for n in self.names("3.9", "3.10", "3.11") if n.startswith("runs-"))
        suites = [name.rpartition("-")[0] for name in named]
        self.assertEqual(len(suites), len(set(suites)))
        self.assertEqual({name.rpartition("-")[2] for name in named}, {"3.9", "3.11"})

    def test_faults_run_with_the_oldest_and_the_newest_interpreter(self) -> None:
        named = self.names("3.9", "3.10", "3.11")
        for suite in ("faults-kill", "faults-places"):
            self.assertLessEqual({f"{suite}-3.9", f"{suite}-3.11"}, named)
            self.assertNotIn(f"{suite}-3.10", named)
            self.assertNotIn(suite, named)

    def test_one_interpreter_runs_each_suite_once(self) -> None:
        faults = [name for name in self.names("3.11") if name.startswith("faults-kill-")]
        self.assertEqual(faults, ["faults-kill-3.11"])

    def test_ours_is_taken_for_its_version(self) -> None:
        with mock.patch.object(pythons, "find", return_value=""):
            found = check.interpreters()
        ours = f"{sys.version_info.major}.{sys.version_info.minor}"
        self.assertEqual(found, {ours: sys.executable})
