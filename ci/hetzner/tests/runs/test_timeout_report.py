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
from pathlib import Path
from typing import Any

from dsl import Job, Outcome, Pipeline
from lib.processes import process_table, timeout_report
from tests.support.measured import DURATION

LINUX = sys.platform == "linux"
LISTENS = """
import os, signal, socket, time
s = socket.socket(); s.bind(("127.0.0.1", 0)); s.listen()
print("port", s.getsockname()[1])
def deep_inside(): time.sleep(60)
deep_inside()
"""


@unittest.skipUnless(LINUX, "proc(5)")
class Told(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def run_job(self, cmd: str | list[str], timeout: float = 1.5, **options: Any) -> str:
        """Return the log of a job that hangs."""
        fields = {n: options.pop(n) for n in ("service", "outputs", "env") if n in options}
        job = Job("hang", cmd, timeout=timeout, **fields)
        options = {n.removeprefix("run_"): value for n, value in options.items()}
        given = {"cwd": self.root, "console": io.StringIO(), "grace": 0.5, **options}
        ran = Pipeline([job], "s", "b", self.root / "logs", **given)
        ran.run()
        self.outcome = ran.results["hang"].outcome
        return (self.root / "logs/hang.log").read_text()

    def test_all_processes_of_the_tree_with_state_age_wait_and_command(self) -> None:
        log = self.run_job("echo begun; (echo $BASHPID > s; exec sleep 321) & sleep 322; true")
        pid = int((self.root / "s").read_text())
        self.assertEqual(self.outcome, Outcome.TIMED_OUT)
        self.assertRegex(log, r"^begun\n\n--- out of time; its processes are:\n +PID STATE +AGE")
        self.assertRegex(log, rf"\n +{pid} S +{DURATION} \S+ +sleep 321\n")
        self.assertRegex(log, rf"\n +\d+ S +{DURATION} \S+ +sleep 322\n")

    def test_service_that_is_not_ready_and_a_run_out_of_time_tell_too(self) -> None:
        log = self.run_job("exec sleep 323", service=True, outputs={"u": "u"})
        self.assertIn("sleep 323", log)
        log = self.run_job("exec sleep 324", 60, run_timeout=1.5)
        self.assertEqual(self.outcome, Outcome.CANCELLED)
        self.assertIn("sleep 324", log)

    def test_job_that_ends_in_time_has_no_report(self) -> None:
        self.assertEqual(self.run_job("echo done; sleep 60 & sleep 0.05", 60), "done\n")
        self.assertRegex((self.root / "logs/ci.log").read_text(), "LEAK  hang left 1.* sleep 60")

    def test_ports_and_for_python_the_stack(self) -> None:
        log = self.run_job([sys.executable, "-c", LISTENS], 4)
        port = re.findall(r"^port (\d+)$", log, re.MULTILINE)[0]
        self.assertRegex(log, rf"listens on port {port} of 127\.0\.0\.1\n")
        self.assertRegex(log, r"most recent call first\):\n(.*\n)*.* in deep_inside\n")

    def test_python_that_cleans_up_at_term_is_let(self) -> None:
        program = (
            "import signal, sys, time\n"
            "signal.signal(signal.SIGTERM, lambda *_: sys.exit(print('cleaned up')))\n"
            "time.sleep(60)"
        )
        log = self.run_job([sys.executable, "-c", program], 4)
        self.assertIn("cleaned up\n", log)
        log = self.run_job(
            [sys.executable, "-c", "import time; time.sleep(60)"], env={"PYTHONFAULTHANDLER": ""}
        )
        self.assertNotIn("most recent call first", log)

    def test_secrets_are_masked_and_nothing_is_more_than_text(self) -> None:
        env = {**os.environ, "CI_SECRET_X": "s3cret-token"}
        cmd = ["bash", "-c", "sleep 60; true", "s3cret-token\x1b[31m"]
        log = self.run_job(cmd, run_env=env)
        self.assertIn("bash -c sleep 60; true ***·[31m", log)

    def test_great_trees_are_bounded(self) -> None:
        log = self.run_job("for i in {1..70}; do sleep 60 & done; wait", 3)
        self.assertEqual(log.count("sleep 60\n"), timeout_report.MOST - 1)
        self.assertIn("and 21 more\n", log)

    def test_log_that_is_not_there_any_more_is_left_alone(self) -> None:
        self.run_job("mv logs/hang.log logs/moved; echo other > logs/hang.log; sleep 60", 1.5)
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
