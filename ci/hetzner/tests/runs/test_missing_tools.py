"""Whole runs on a machine that lacks something: which jobs are left out."""

from __future__ import annotations

import unittest

from tests.support.commit_stage import JOBS, OnStage


class Runs(OnStage):
    """Runs on a machine without Python 3.14."""

    def setUp(self) -> None:
        super().setUp()
        (self.stage.root / "tools" / "python3.14").write_text("#!/bin/sh\nexit 1\n")
        self.stage.variables |= {"PYENV_ROOT": "/nowhere", "UV_PYTHON_INSTALL_DIR": "/nowhere"}

    def test_job_is_left_out_by_name_and_the_end_says_so(self) -> None:
        ran = self.stage.run()
        self.assertEqual(ran.code, 0, ran.out)
        self.assertEqual(self.stage.outcomes()["test-python-3.14"], "skipped")
        log = self.stage.log()
        self.assertRegex(log, "NOTE  test-python-3.14 was left out: no Python 3.14 on this machine")
        self.assertRegex(
            log, f"END   exit code 0: {JOBS - 2} jobs .*; left out: python-3.14, test-python-3.14"
        )
        self.assertIn("no status of the commit is set", log)

    def test_plan_tells_it_too(self) -> None:
        self.assertIn("NOTE  test-python-3.14 would be left out", self.stage.run("--dry-run").out)

    def test_job_that_was_named_runs_and_has_to_fail(self) -> None:
        for word in ("--only-jobs", "--first-jobs"):
            ran = self.stage.run(word, "test-python-3.14", STAGE_FAIL="test_python")
            self.assertEqual(ran.code, 1)
            self.assertEqual(self.stage.outcomes()["test-python-3.14"], "failed")
            self.assertNotIn("left out", self.stage.log())


if __name__ == "__main__":
    unittest.main()
