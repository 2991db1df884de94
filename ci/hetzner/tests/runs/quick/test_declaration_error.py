"""The output of a program with a wrong declaration."""

from __future__ import annotations

import contextlib
import io
import subprocess
import sys
import tempfile
import unittest
from pathlib import Path

from dsl import Job, Pipeline

HERE = Path(__file__).resolve().parents[3]


class Fields(unittest.TestCase):
    def test_the_last_line_is_the_answer(self) -> None:
        program = f"import sys; sys.path.insert(0, {str(HERE)!r}); from dsl import Job\n"
        program += "Job('build', 'true', retry=2)"
        with tempfile.TemporaryDirectory() as place:
            said = subprocess.run(
                [sys.executable, "-c", program],
                capture_output=True,
                text=True,
                cwd=place,
                check=False,
            )
        self.assertEqual(said.returncode, 2)
        last = said.stderr.splitlines()[-1]
        for word in ("build", "retry=2", "retries"):
            self.assertIn(word, last)


class Pools(unittest.TestCase):
    def test_a_run_asks_and_goes_on(self) -> None:
        with (
            tempfile.TemporaryDirectory() as place,
            contextlib.redirect_stdout(io.StringIO()) as said,
        ):
            jobs = [
                Job("a", "true", resources={"cpus": 1}),
                Job("b", "true", resources={"cpus": 1}),
            ]
            code = Pipeline(jobs, "s", "m", f"{place}/logs", cwd=place).run()
        self.assertEqual(code, 0)
        (line,) = [line for line in said.getvalue().splitlines() if "NOTE" in line]
        self.assertRegex(
            line, r"NOTE  resource 'cpus' of a, b: .*mutex of one; did you mean 'cpu'\?"
        )


if __name__ == "__main__":
    unittest.main()
