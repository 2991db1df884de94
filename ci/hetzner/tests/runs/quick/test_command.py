"""Programs around the jobs: their output, and no process that outlives them."""

from __future__ import annotations

import os
import signal
import subprocess
import unittest
from pathlib import Path

from lib.common import interrupts, own_environ
from lib.common.interrupts import Interrupted
from lib.processes import command, process_table
from tests.support.run_case import tagged
from tests.support.waiting import wait_until

HERE = Path(__file__).resolve().parents[3]


def run(script: str, timeout: float = 60) -> command.Done:
    return command.run(["bash", "-c", script], cwd=HERE, env=os.environ, timeout=timeout)


# a process that keeps the output open, in the state that it stays in
HOLDS = "sleep 3600 & until ps -o comm= -p $! | grep -q sleep; do :; done; echo $!"


class TestRun(unittest.TestCase):
    def test_code_and_both_outputs_are_returned(self) -> None:
        self.assertEqual(run("echo out; echo err >&2; exit 3"), command.Done(3, "out\n", "err\n"))

    def test_process_that_holds_the_output_is_not_waited_for(self) -> None:
        # it would be for an hour, and is ended with the group
        self.assertEqual(run(HOLDS).code, 0)

    def test_group_is_gone_afterwards(self) -> None:
        pid = int(run(HOLDS).output)
        look = process_table.table()

        def is_gone() -> bool:  # the signal was sent, but its death takes a moment
            process = look.read(pid)
            return process is None or not process.alive

        wait_until(is_gone, f"the end of {pid}")

    def test_time_limit_ends_the_group(self) -> None:
        sleep = f"sleep 95{os.getpid()}"
        with self.assertRaises(subprocess.TimeoutExpired):
            run(f"trap '' TERM; {sleep} & {sleep}", timeout=0.5)
        wait_until(lambda: not tagged(sleep), "the end of the group")

    def test_signal_ends_it(self) -> None:
        with interrupts.noted(), self.assertRaises(Interrupted):
            run(f"kill -{int(signal.SIGTERM)} {os.getpid()}; sleep 3600")

    def test_it_says_for_whom_it_was_started(self) -> None:
        self.assertRegex(run('echo "$CI_RUN_TAG"').output, rf"\br{os.getpid()}-\d+/helper\n")


class TestOwnEnvironment(unittest.TestCase):
    def test_secrets_are_overwritten_for_others_and_stay_for_ourselves(self) -> None:
        program = (
            "import os; from lib.common import own_environ; own_environ.hide_secrets(['MINE'])\n"
            "print(os.environ['GITHUB_TOKEN'], os.environ['MINE'])\n"
            "print(open('/proc/self/environ').read().replace(chr(0), chr(10)))"
        )
        self.assertTrue(own_environ.__doc__)
        variables = {"GITHUB_TOKEN": "s3cret", "MINE": "mine", "KEPT": "kept", "CI_SECRETS": "X"}
        done = subprocess.run(
            ["python3", "-c", program],
            cwd=HERE,
            env={"PATH": os.environ["PATH"], **variables},
            capture_output=True,
            text=True,
            check=True,
        )
        own, _, others = done.stdout.partition("\n")
        self.assertEqual(own, "s3cret mine")
        for line in ("GITHUB_TOKEN=******", "MINE=****", "KEPT=kept", "CI_SECRETS=X"):
            self.assertIn(f"{line}\n", others)


if __name__ == "__main__":
    unittest.main()
