"""What a program shows without a terminal: lines, the output of jobs, or failures alone."""

from __future__ import annotations

import io
import os
import re
import subprocess
import unittest
from typing import TextIO
from unittest import mock

from dsl import Job, Pipeline
from lib.model import durations
from lib.terminal import status_lines
from lib.terminal.heartbeat_view import HeartbeatView
from lib.terminal.plain_view import PlainView
from tests.support.measured import DURATION
from tests.support.run_case import RunTest
from tests.support.ten_lines import TenLines

JOBS = """[
    Job("talks", "echo one; sleep 0.3; echo two; printf three"),
    Job("again", '''
        echo "::error::evil $PPID"; [ -e twice ] || { touch twice; exit 3; }
    ''', retries=1),
    Job("red", "echo no; exit ${A:-0}"),
]"""


class Programs(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS)

    def test_quiet_run_shows_failures_and_the_verdict(self) -> None:
        code, out, errors = self.ran("--quiet")
        self.assertEqual((code, errors), (0, ""))
        self.assertRegex(out, r"\A\[[\d:]+\] END   exit code 0: 3 jobs passed .*\n\Z")
        code, out, _ = self.ran("-q", A="3")
        self.assertEqual(code, 1)
        words = [line.split()[1] for line in out.splitlines() if line.startswith("[")]
        self.assertEqual(words, ["FAIL", "CAUSE", "END"])
        self.assertIn("--- red: exit code 3", out)
        self.assertNotIn("talks", out)

    def test_verbose_run_shows_each_line_of_each_attempt_once_before_its_end(self) -> None:
        code, out, errors = self.ran("--verbose")
        self.assertEqual((code, errors), (0, ""))
        talked = re.findall(r"^talks \| (.*)$", out, re.MULTILINE)
        self.assertEqual(talked, ["one", "two", "three"])
        self.assertEqual(len(re.findall(r"^again \| ::error::evil", out, re.MULTILINE)), 2)
        self.assertLess(out.index("talks | three"), out.index("PASS  talks"))
        self.assertLess(out.index("red   | no"), out.index("PASS  red"))

    def test_verbose_run_in_the_directory_of_an_earlier_one_shows_nothing_of_that(self) -> None:
        self.ran("--verbose")
        out = self.ran("--verbose")[1]
        self.assertEqual(out.count("talks | one"), 1)

    def test_quiet_and_verbose_exclude_each_other(self) -> None:
        code, _, errors = self.ran("--quiet", "--verbose")
        self.assertEqual(code, 2)
        self.assertIn("--quiet and --verbose exclude each other", errors)

    def test_step_of_github_pauses_commands_from_its_first_line_to_its_last(self) -> None:
        out = self.ran("--verbose", GITHUB_ACTIONS="true", A="3")[1].splitlines()
        self.assertRegex(out[0], r"\A::stop-commands::[0-9a-f]{32}\Z")
        self.assertRegex(out[-1], r"\A::[0-9a-f]{32}::\Z")
        self.assertIn("::error title=red::red: exit code 3", "\n".join(out))


CASES = """<testsuite name="pytest">
<testcase classname="tests.test_cart" name="test_ok"/>
<testcase classname="tests.test_cart" name="test_total"><failure message="3"/></testcase>
</testsuite>"""
RED = """[
    Job("tests", '[ "$PYTEST_K_FILTER" != "${GREEN:-no}" ] || exit 0; cat >r.xml <<"E"\\n' + CASES
        + '\\nE\\nexit 1', junit="r.xml"),
    Job("lint", "sleep 0.2; exit ${LINT:-1}", testcases=False),
]"""


class Red(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(RED)
        self.file.write_text(f"CASES = {CASES!r}\n{self.file.read_text()}")

    def test_end_names_the_critical_path_the_broken_test_and_one_command_for_all(self) -> None:
        code, out, _ = self.ran()
        self.assertEqual(code, 1)
        self.assertRegex(out, rf"\ncritical path: jobs ran for \d+ % of {DURATION}\n")
        self.assertIn("\n    FAILED tests.test_cart::test_total\n", out)
        (again,) = re.findall(r"^run all 2 again: (.*)$", out, re.MULTILINE)
        self.assertTrue(
            again.endswith("--only-jobs tests,lint --no-deps --only-testcases test_total"), again
        )
        variables = {**os.environ, "LINT": "0", "GREEN": "test_total"}
        done = subprocess.run(
            ["bash", "-c", again], env=variables, capture_output=True, text=True, check=False
        )
        self.assertEqual(done.returncode, 0, done.stdout)
        self.assertEqual(self.outcomes(), {"tests": "passed", "lint": "passed"})

    def test_job_that_hangs_is_run_again_with_all_its_test_cases(self) -> None:
        self.file.write_text(self.file.read_text().replace("exit 1'", "sleep 60', timeout=1"))
        (again,) = re.findall(r"run it again: (.*tests.*)", self.ran("--only", "tests")[1])
        self.assertNotIn("--only-testcases", again)


class Marking(io.StringIO):
    """Makes a file when a text comes that it waits for."""

    def __init__(self, text: str, make: TextIO) -> None:
        super().__init__()
        self.text, self.make = text, make

    def write(self, text: str) -> int:
        if self.text in text:
            self.make.write("x")
            self.make.flush()
        return super().write(text)


class Heartbeats(RunTest):
    def told(self, text: str, **durations: float) -> str:
        """Run a job that ends once the text is shown; return all that is shown."""
        self.cwd.joinpath("told").touch()
        with self.cwd.joinpath("told").open("w") as told:
            self.console = Marking(text, told)
            job = Job("waits", "until [ -s told ]; do sleep 0.05; done", timeout=50)
            made = Pipeline([job], "s", "", self.logs, cwd=self.cwd, durations=durations)
            made.adapt(
                {}, None, str, lambda _: [HeartbeatView(self.console), PlainView(self.console)]
            )
            self.assertEqual(made.run(), 0)
        return self.console.getvalue()

    def test_running_jobs_are_named_every_now_and_then(self) -> None:
        with mock.patch.object(status_lines, "EVERY", 0.2):
            shown = self.told("RUNS  waits (")
        self.assertRegex(
            shown, rf"\] RUNS  waits \({DURATION}\); 0 waiting, 0 ended, the run {DURATION}\n"
        )
        self.assertNotIn("RUNS", self.log("ci"))

    def test_view_whose_thread_breaks_is_replaced_and_the_run_goes_on(self) -> None:
        with mock.patch.object(status_lines, "EVERY", 0.0):  # a division by zero
            self.told("START waits")
        note = "NOTE  the view HeartbeatView broke: ZeroDivisionError"
        self.assertIn(note, self.log("ci"))

    def test_flags_hold_for_a_console_of_the_program(self) -> None:
        made = Pipeline([Job("a", "true")], "s", "", self.logs, cwd=self.cwd, console=self.console)
        self.assertEqual(made.main(["--quiet"]), 0)
        self.assertRegex(self.console.getvalue(), r"\A\[[\d:]+\] END [^\n]*\n\Z")

    def test_slow_job_is_told(self) -> None:
        with mock.patch.object(durations, "NEVER_SLOW", 0.1):
            shown = self.told("SLOW waits", waits=0.05)
        self.assertIn("SLOW waits (>2× its usual 0.05 s)\n", shown)


if __name__ == "__main__":
    unittest.main()
