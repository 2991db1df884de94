"""test_dsl.py and check.py: which tests each runs, and what a unit test may not do."""

from __future__ import annotations

import contextlib
import io
import os
import subprocess
import sys
import unittest
from pathlib import Path

import check
import test_dsl
from lib.processes import fork_exec
from lib.processes.environment import Environment


class Door(unittest.TestCase):
    def test_each_module_of_tests_is_run_by_test_dsl_or_by_check(self) -> None:
        fast = [module for group in test_dsl.groups().values() for module in group]
        jobs = check.tests(Path("python"), {"3.11": sys.executable})
        slow = [str(job.cmd).split()[-1] for job in jobs]
        self.assertCountEqual(fast + slow, test_dsl.modules(""))

    def test_help_is_asked_for_by_flags(self) -> None:
        for flag, code in (("-h", 0), ("--help", 0), ("--fast", 2)):
            with contextlib.redirect_stdout(io.StringIO()) as shown:
                self.assertEqual(test_dsl.main([flag]), code)
            self.assertIn("tests/unit: one room", shown.getvalue())

    def test_unit_test_that_starts_a_process_fails_by_its_place(self) -> None:
        # Python tells an audit hook of each of these (its table of audit events)
        for event in ("subprocess.Popen", "os.fork", "os.posix_spawn", "os.system"):
            with self.assertRaisesRegex(AssertionError, "move this test to tests/runs"):
                test_dsl.refuse_processes(event, ())
        test_dsl.refuse_processes("open", ())

    def test_hook_sees_the_functions_that_start_processes(self) -> None:
        seen: list[str] = []
        watching = True

        def note(event: str, _: object) -> None:
            if watching and event in test_dsl.STARTS:
                seen.append(event)
                raise PermissionError("seen, so not done")

        sys.addaudithook(note)
        try:
            for start in (lambda: subprocess.Popen(["true"]), os.fork, self.start_as_a_job):
                with self.assertRaises((PermissionError, AssertionError)):
                    start()
        finally:
            watching = False

    @staticmethod
    def start_as_a_job() -> None:
        env = Environment({}, {}, [])
        fork_exec.start(["true"], program="/bin/true", cwd="/", env=env, null=0, log=1)


if __name__ == "__main__":
    unittest.main()
