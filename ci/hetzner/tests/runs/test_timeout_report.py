"""A job that runs out of time leaves in its log where it hung."""

from __future__ import annotations

import io
import os
import re
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any

from dsl import Job, Outcome, Pipeline
from lib.processes import process_table, timeout_report
from tests.support.measured import DURATION
from tests.support.time_passes import asleep, time_passes

LINUX = sys.platform == "linux"
SLEEP, OTHER = f"sleep 94{os.getpid()}", f"sleep 93{os.getpid()}"  # of nobody else
LIMIT = 60.0  # seconds that the job has
LISTENS = """
import os, signal, socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
def deep_inside():
    print("port", s.getsockname()[1])
    time.sleep(60)
deep_inside()
"""


@unittest.skipUnless(LINUX, "proc(5)")
class Told(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def run_job(
        self, cmd: str | list[str], up: Callable[[], bool] | str = SLEEP, **options: Any
    ) -> str:
        """Return the log of a job that hangs; its time is over when it is up.

        That is the case when a command runs, or as a function says.
        """
        is_up = (lambda: asleep(up) > 0) if isinstance(up, str) else up
        with time_passes(LIMIT, is_up):
            return self.run_to_its_end(cmd, **options)

    def run_to_its_end(self, cmd: str | list[str], timeout: float = LIMIT, **options: Any) -> str:
        """Return the log of a job."""
        fields = {n: options.pop(n) for n in ("service", "outputs", "env") if n in options}
        job = Job("hang", cmd, timeout=timeout, **fields)
        options = {n.removeprefix("run_"): value for n, value in options.items()}
        given = {"cwd": self.root, "console": io.StringIO(), "timeout": 600, "grace": 30, **options}
        ran = Pipeline([job], "s", "b", self.root / "logs", **given)
        ran.run()
        self.outcome = ran.results["hang"].outcome
        return self.said()

    def said(self) -> str:
        log = self.root / "logs/hang.log"
        return log.read_text() if log.exists() else ""

    def test_all_processes_of_the_tree_with_state_age_wait_and_command(self) -> None:
        log = self.run_job(
            f"echo begun; (echo $BASHPID > s; exec {SLEEP}) & {OTHER}; true",
            lambda: asleep(SLEEP) > 0 and asleep(OTHER) > 0,
        )
        pid = int((self.root / "s").read_text())
        self.assertEqual(self.outcome, Outcome.TIMED_OUT)
        self.assertRegex(log, r"^begun\n\n--- out of time; its processes are:\n +PID STATE +AGE")
        self.assertRegex(log, rf"\n +{pid} S +{DURATION} \S+ +{SLEEP}\n")
        self.assertRegex(log, rf"\n +\d+ S +{DURATION} \S+ +{OTHER}\n")

    def test_service_that_is_not_ready_and_a_run_out_of_time_tell_too(self) -> None:
        log = self.run_job(f"exec {SLEEP}", service=True, outputs={"u": "u"})
        self.assertIn(SLEEP, log)
        log = self.run_job(f"exec {SLEEP}", timeout=2 * LIMIT, run_timeout=LIMIT)
        self.assertEqual(self.outcome, Outcome.CANCELLED)
        self.assertIn(SLEEP, log)

    def test_job_that_ends_in_time_has_no_report(self) -> None:
        self.assertEqual(self.run_to_its_end("echo done; sleep 60 & sleep 0.05"), "done\n")
        self.assertRegex((self.root / "logs/ci.log").read_text(), "LEAK  hang left 1.* sleep 60")

    def test_ports_and_for_python_the_stack(self) -> None:
        log = self.run_job([sys.executable, "-c", LISTENS], lambda: "port" in self.said())
        port = re.findall(r"^port (\d+)$", log, re.MULTILINE)[0]
        self.assertRegex(log, rf"listens on port {port} of 127\.0\.0\.1\n")
        self.assertRegex(log, r"most recent call first\):\n(.*\n)*.* in deep_inside\n")

    def test_python_that_cleans_up_at_term_is_let(self) -> None:
        program = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('cleaned up')))\n"
            "print('up')\n"
            "time.sleep(60)"
        )
        log = self.run_job([sys.executable, "-c", program], lambda: "up" in self.said())
        self.assertIn("cleaned up\n", log)
        log = self.run_job(
            [sys.executable, "-c", "import time; print('up'); time.sleep(60)"],
            lambda: "up" in self.said(),
            env={"PYTHONFAULTHANDLER": ""},
        )
        self.assertNotIn("most recent call first", log)

    def test_secrets_are_masked_and_nothing_is_more_than_text(self) -> None:
        env = {**os.environ, "CI_SECRET_X": "s3cret-token"}
        cmd = ["bash", "-c", f"{SLEEP}; true", "s3cret-token\x1b[31m"]
        log = self.run_job(cmd, run_env=env)
        self.assertIn(f"bash -c {SLEEP}; true ***·[31m", log)

    def test_great_trees_are_bounded(self) -> None:
        storm = f"for i in {{1..70}}; do {SLEEP} & done; wait"
        log = self.run_job(storm, lambda: asleep(SLEEP) == 70)
        self.assertEqual(log.count(f"{SLEEP}\n"), timeout_report.MOST - 1)
        self.assertIn("and 21 more\n", log)

    def test_log_that_is_not_there_any_more_is_left_alone(self) -> None:
        self.run_job(f"mv logs/hang.log logs/moved; echo other > logs/hang.log; {SLEEP}")
        self.assertEqual(self.outcome, Outcome.TIMED_OUT)
        self.assertEqual((self.root / "logs/hang.log").read_text(), "other\n")


@unittest.skipUnless(LINUX, "proc(5)")
class Farewell(unittest.TestCase):
    def test_only_a_python_that_answers_abort_and_not_term_gets_it(self) -> None:
        handles = (
            "import faulthandler, signal, time; faulthandler.enable(); {}; "
            "print(1, flush=True); time.sleep(60)"
        )
        ignores = "signal.signal(signal.SIGTERM, signal.SIG_IGN)"
        blocks = "signal.pthread_sigmask(signal.SIG_BLOCK, [signal.SIGABRT])"
        python = [sys.executable, "-c"]
        for argv, number in (
            ([*python, handles.format("pass")], signal.SIGABRT),
            ([*python, handles.format(ignores)], signal.SIGTERM),
            ([*python, handles.format(blocks)], signal.SIGTERM),
            ([*python, handles.format("faulthandler.disable()")], signal.SIGTERM),
            (["bash", "-c", "echo 1; sleep 60; true"], signal.SIGTERM),
        ):
            with subprocess.Popen(argv, stdout=subprocess.PIPE, start_new_session=True) as process:
                assert process.stdout
                process.stdout.readline()
                found = process_table.table().read(process.pid)
                assert found
                self.assertEqual(timeout_report.termination_signal(found), number, argv)
                os.killpg(process.pid, signal.SIGKILL)


if __name__ == "__main__":
    unittest.main()
