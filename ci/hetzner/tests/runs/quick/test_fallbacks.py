"""Systems without pidfds, inotify and /proc, macOS among them: their ways are forced here."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import unittest
from typing import Any

from dsl import Job
from tests.support.run_case import HERE, RunTest, tagged


class Fallbacks(RunTest):
    """The ways of systems without pidfds, inotify and /proc, run here by forcing them."""

    def test_run_without_pidfds(self) -> None:
        from unittest import mock

        from lib.processes import wait
        from lib.processes.wait_timed import TimedWaiter

        def timed(numbers: Any) -> TimedWaiter:
            return TimedWaiter(wait.SignalPipe([*numbers, signal.SIGCHLD]))

        with mock.patch.object(wait, "make", timed):
            code, outcomes = self.run_jobs(
                Job("a", f"{self.sleeper()} & sleep 0.1", retries=1),
                Job("b", "exit 3", ["a"]),
                Job("c", "sleep 9", timeout=0.2),
            )
        self.assertEqual((code, outcomes), (1, "a=passed b=failed c=timed out"))
        self.assertRegex(self.log("ci"), f"LEAK  a left 1.* {self.sleeper()}")
        self.assertEqual(tagged(self.sleeper()), [])

    def test_process_table_from_ps(self) -> None:
        from lib.processes.process_table_ps import PsTable

        look = PsTable()
        child = subprocess.Popen(["sleep", "5"])
        try:
            found = look.read(child.pid)
            assert found is not None
            self.assertEqual((found.ppid, found.group), (os.getpid(), os.getpgrp()))
            self.assertIn(child.pid, look.children(os.getpid()))
            self.assertEqual(look.command(child.pid), "sleep 5")
        finally:
            child.kill()
            child.wait()
        self.assertIsNone(look.read(child.pid))


RUN = """
import sys
from dsl import Job, Pipeline

serve = "echo $$ > pid; mv pid ready; exec MARK"
jobs = [
    Job("leak", "MARK & exit 0"),
    Job("placed", "nice", nice=5, cpus=[0]),
    Job("out", "echo > o; until [ -e seen ]; do sleep .01; done", outputs={"o": "o"}),
    Job("use", "touch seen", ["out:o"]),
    Job("late", "trap '' TERM; MARK", timeout=0.2, allow_failure=True),
    Job("server", serve, service=True, outputs={"ready": "ready"}),
    Job("client", "kill -0 $(cat ready)", ["server"]),
    Job("missing", ["/no/such/program"], allow_failure=True),
    Job("end", "[ -z $STOP ] || { kill -TERM $PPID; MARK; }", ["client", "late"]),
]
made = Pipeline(jobs, "sha", "main", "logs", cwd=sys.argv[1], grace=0.2, timeout=60)
code = made.run()
print("code", code, *(f"{name}={result.outcome}" for name, result in made.results.items()))
"""
HELPER = """
import os, sys
from pathlib import Path
from lib.processes import command

leave = "sh -c 'touch up; exec MARK' & until [ -e up ]; do sleep .01; done; echo done"
done = command.run(["sh", "-c", leave], cwd=Path("."), env=os.environ, timeout=9)
print(done.code, done.output)
"""
LACKING = """
import os, signal

for use in {uses}:
    try:
        eval(use)
    except (AttributeError, FileNotFoundError):
        print(use, "is lacking")
"""


class LikeMac(RunTest):
    """Runs in a Python without the names that macOS lacks, and without /proc."""

    def execute(self, program: str, **variables: str) -> str:
        """Return the output of a program, whose MARK is a sleep that nothing may leave behind."""
        path = self.cwd / "program.py"
        path.write_text(program.replace("MARK", self.sleeper()))
        done = subprocess.run(
            [sys.executable, HERE / "tests" / "support" / "like_mac.py", path, self.cwd],
            cwd=self.cwd,
            env=os.environ | {"PYTHONPATH": str(HERE)} | variables,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=60,
            check=False,
        )
        self.assertEqual(tagged(self.sleeper()), [])
        return done.stdout

    def test_jobs_run_and_leave_nothing(self) -> None:
        out = self.execute(RUN, STOP="")
        self.assertIn(
            "code 0 leak=passed placed=passed out=passed use=passed late=timed out server=passed "
            "client=passed missing=failed end=passed",
            out,
        )
        self.assertRegex(out, f"LEAK  leak left 1.*{self.sleeper()}")
        self.assertIn("could not start /no/such/program: No such file", out)
        self.assertIn("this system has no processor affinity", out)
        self.assertEqual(self.log("placed"), f"{os.getpriority(os.PRIO_PROCESS, 0) + 5}\n")

    def test_signal_ends_the_run(self) -> None:
        out = self.execute(RUN, STOP="1")
        self.assertRegex(out, "code 143 .* end=cancelled")

    def test_helper_program_leaves_nothing_of_its_group(self) -> None:
        self.assertEqual(self.execute(HELPER), "0 done\n\n")

    def test_name_that_macos_lacks_and_files_of_proc_are_not_there(self) -> None:
        uses = ["os.pipe2(0)", "open('/proc/stat')", "signal.SIGRTMIN", "os.waitid(0, 0, 0)"]
        told = self.execute(LACKING.format(uses=uses)).splitlines()
        self.assertEqual(told, [f"{use} is lacking" for use in uses])


if __name__ == "__main__":
    unittest.main()
