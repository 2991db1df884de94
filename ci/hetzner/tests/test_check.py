"""The words of check.py, and which of the project's own checks they choose; none of them runs."""

from __future__ import annotations

import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

import check
from dsl import Pipeline


class Words(unittest.TestCase):
    def chosen(self, *words: str) -> list[str] | None:
        """Return which jobs a pipeline of all of them is told to run; None: all."""
        state = self.enterContext(tempfile.TemporaryDirectory())
        self.enterContext(mock.patch.dict(os.environ, {"CI_STATE_DIR": state}))
        self.enterContext(mock.patch.object(check, "install_tools", return_value=Path(state)))
        run = self.enterContext(mock.patch.object(Pipeline, "run", return_value=0))
        self.enterContext(mock.patch("builtins.print"))
        self.assertEqual(check.main(words), 0)
        only: list[str] | None = run.call_args.kwargs["only_jobs"]
        return only

    def test_fast_are_the_linters_the_types_and_the_fast_tests(self) -> None:
        linters = ["ruff", "shellcheck", "shfmt", "hadolint"]
        self.assertCountEqual(self.chosen("--fast") or [], [*linters, "mypy", "unit-tests"])

    def test_fast_ones_are_among_the_jobs(self) -> None:
        names = {job.name for job in check.jobs(Path("state"), Path("python"))}
        self.assertLessEqual(set(check.FAST), names)

    def test_without_words_all_are_run_and_named_ones_alone(self) -> None:
        self.assertIsNone(self.chosen())
        self.assertEqual(self.chosen("--only", "ruff,mypy"), ["ruff", "mypy"])
