"""Processes that try to outlive their job, each combined with every end of a job."""

from __future__ import annotations

import os
import signal
import unittest

from dsl import Job
from lib.processes import process_table
from tests.support.escapes import ESCAPES, STORM
from tests.support.fault_case import FaultCase

# tries to pass for a child of the program that runs the jobs, and sheds its environment
JOIN = """
import os
try:
    os.setpgid(0, {group})
except PermissionError:
    if os.fork():
        os._exit(0)
    open("refused", "w").close()
    os.execve("/bin/sleep", ["sleep", "{mark}"], {{}})
"""


class Escapes(FaultCase):
    def does_not_escape(self, escape: str) -> None:
        """Assert for each end of a job that `escape`, which returns at once, leaves no process."""
        escape = escape.replace("SLEEP", self.sleep)
        self.check(
            self.run_jobs(Job("a", f"{escape}\nexit 0")), 0, "a=passed", "LEAK  a left", "PASS  a"
        )
        self.check(
            self.run_jobs(Job("a", f"{escape}\nexit 3")),
            1,
            "a=failed",
            "LEAK  a left",
            r"FAIL  a  \(see .*/a.log\)",
            "CAUSE a: exit code 3",
        )
        self.check(
            self.run_jobs(Job("a", f"{escape}\n{self.sleep}", timeout=0.3)),
            1,
            "a=timed out",
            r"TIMEOUT a \(>0.3s\)",
        )
        self.check(
            self.run_jobs(Job("a", f"{escape}\nkill -HUP {os.getpid()}; {self.sleep}")),
            128 + signal.SIGHUP,
            "a=cancelled",
            "INTERRUPTED by SIGHUP, running: a",
        )
        self.next_run_is_unaffected()

    def test_no_escape_outlives_any_end(self) -> None:
        for name, escape in ESCAPES.items():
            with self.subTest(name):
                self.does_not_escape(escape)

    def test_child_that_claims_to_be_of_another_run(self) -> None:
        # a live run: any pipeline of this machine stops the processes of a dead one
        another = process_table.run_id(self.look, 1)
        self.does_not_escape(f"CI_RUN_TAG={another}/a setsid SLEEP &")

    def test_child_cannot_join_the_group_of_the_runner(self) -> None:
        if not os.getpgrp():
            self.skipTest("the group of this process is outside of its namespace")
        program = self.root / "join.py"
        program.write_text(JOIN.format(group=os.getpgrp(), mark=self.mark))
        wait = "until [[ -e refused ]]; do sleep 0.01; done; rm refused"
        self.does_not_escape(f"python3 -S -E {program} & {wait}")


class Storm(FaultCase):
    def test_300_that_keep_forking_while_they_are_killed(self) -> None:
        storm = STORM.replace("COUNT", "300").replace("SLEEP", self.sleep)
        self.check(
            self.run_jobs(Job("a", f"{storm}\nexit 0")), 0, "a=passed", r"LEAK  a left [3-6]\d\d"
        )
        self.check(
            self.run_jobs(Job("a", f"{storm}\nkill -INT {os.getpid()}; wait")),
            128 + signal.SIGINT,
            "a=cancelled",
        )
        self.next_run_is_unaffected()


class Services(FaultCase):
    def test_service_that_ignores_term_in_a_session_of_its_own_is_stopped(self) -> None:
        server = f"{self.sleep} & echo $! >pid; mv pid up; wait"
        serve = f"(trap '' TERM; setsid bash -c '{server}' &); until [[ -e up ]]; do :; done"
        lives = Job("t", "kill -0 $(cat up)", ["s"])
        self.check(
            self.run_jobs(Job("s", serve, service=True, outputs={"up": "up"}), lives),
            0,
            "s=passed t=passed",
            "READY s",
        )
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
