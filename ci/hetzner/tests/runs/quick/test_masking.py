"""Secrets in command lines are masked before a line is cut."""

from __future__ import annotations

import os
import shutil
import subprocess
import unittest
from unittest import mock

from dsl import Job
from lib.processes import process_table
from tests.support.run_case import RunTest

TOKEN = "ghp_0123456789abcdefghijABCDEFGHIJ"


class Cuts(unittest.TestCase):
    def no_part(self, text: str) -> None:
        for start in range(len(TOKEN) - 7):
            self.assertNotIn(TOKEN[start : start + 8], text)


class Lines(RunTest, Cuts):
    def test_leak_names_no_part_of_a_secret(self) -> None:
        for pad in (40, 55, 58, 60, 70):
            left = f"(exec -a {'x' * pad}--token={TOKEN} {self.sleeper()}) & sleep .2"
            code, _ = self.run_jobs(Job("a", left), env={**os.environ, "CI_SECRET_A": TOKEN})
            self.assertEqual(code, 0)
            said = self.console.getvalue() + (self.logs / "summary.json").read_text()
            self.assertIn("LEAK  a left 1", said)
            self.no_part(said + self.log("ci"))

    def test_secret_that_is_named_by_the_pipeline_is_masked_too(self) -> None:
        left = f"(exec -a {'x' * 100}--token={TOKEN} {self.sleeper()}) & sleep .2"
        self.run_jobs(Job("a", left), env={**os.environ, "OWN": TOKEN}, secret_names=["OWN"])
        self.assertIn("LEAK  a left 1", self.log("ci"))
        self.no_part(self.log("ci") + (self.logs / "summary.json").read_text())


class Others(Cuts):
    def setUp(self) -> None:
        self.enterContext(mock.patch.dict(os.environ, {"CI_SECRET_A": TOKEN}))

    def test_process_is_described_without(self) -> None:
        for pad in (80, 100, 110):
            words = [shutil.which("bash") or "bash", "-c", "read; :", "x" * pad, TOKEN]
            with subprocess.Popen(words, stdin=subprocess.PIPE) as process:
                look = process_table.table()
                found = look.read(process.pid)
                assert found is not None
                text = process_table.describe(look, found)
                process.kill()
            self.no_part(text)
            self.assertLessEqual(len(text), 130)


if __name__ == "__main__":
    unittest.main()
