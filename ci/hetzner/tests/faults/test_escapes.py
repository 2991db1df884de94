"""Processes that try to outlive their job, each with every way in which a job can end."""

from __future__ import annotations

import os
import signal
import unittest

from dsl import Job
from lib.processes import process_table
from tests.support.fault_case import FaultCase

STORM = r"""
keep_forking() { trap '' TERM; while :; do SLEEP & wait $!; done; }
for n in $(seq 300); do keep_forking & done
"""

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
        """Assert for each end of a job that `escape`, which comes back at once, leaves nobody."""
        escape = escape.replace("SLEEP", self.sleep)
        self.check(
            self.run_jobs(Job("a", f"{escape}\nexit 0")), 0, "a=passed", "LEAK  a left", "PASS  a"
        )
        self.check(
            self.run_jobs(Job("a", f"{escape}\nexit 3")),
            1,
            "a=failed",
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

    def test_background_child(self) -> None:
        self.does_not_escape("SLEEP &")

    def test_setsid(self) -> None:
        self.does_not_escape("setsid SLEEP &")

    def test_double_fork(self) -> None:
        self.does_not_escape("(setsid bash -c '(SLEEP & exec sleep 0.01) &' &)")

    def test_leader_that_ignores_term(self) -> None:
        self.does_not_escape("trap '' TERM; SLEEP &")

    def test_grandchild_that_ignores_term(self) -> None:
        self.does_not_escape("(trap '' TERM; setsid bash -c 'SLEEP & wait' &)")

    def test_child_that_sheds_its_environment(self) -> None:
        self.does_not_escape("env -i SLEEP &")

    def test_child_that_sheds_environment_group_and_output(self) -> None:
        self.does_not_escape("env -i setsid SLEEP </dev/null >/dev/null 2>&1 &")

    def test_child_that_claims_to_be_of_another_run(self) -> None:
        # one that lives: what a dead one left is stopped by any pipeline of this machine
        another = process_table.run_id(self.look, 1)
        self.does_not_escape(f"CI_RUN_TAG={another}/a setsid SLEEP &")

    def test_stopped_child(self) -> None:
        self.does_not_escape("SLEEP & kill -STOP $!")

    def test_stopped_tree(self) -> None:
        self.does_not_escape("(setsid bash -c 'SLEEP & kill -STOP $! $$' &)")

    def test_leader_of_a_group_that_exits_first(self) -> None:
        self.does_not_escape("setsid bash -c 'SLEEP & SLEEP &'")

    def test_child_that_holds_the_log_open(self) -> None:
        self.does_not_escape("setsid bash -c 'echo held; SLEEP' </dev/null &")

    def test_child_cannot_join_the_group_of_the_runner(self) -> None:
        program = self.root / "join.py"
        program.write_text(JOIN.format(group=os.getpgrp(), mark=self.mark))
        wait = "until [[ -e refused ]]; do sleep 0.01; done; rm refused"
        self.does_not_escape(f"python3 -S -E {program} & {wait}")

    def test_pipeline_of_children(self) -> None:
        self.does_not_escape("(SLEEP | SLEEP | setsid SLEEP) &")


class Storm(FaultCase):
    def test_300_that_keep_forking_while_they_are_killed(self) -> None:
        storm = STORM.replace("SLEEP", self.sleep)
        self.check(self.run_jobs(Job("a", f"{storm}\nexit 0")), 0, "a=passed", "LEAK  a left")
        self.check(
            self.run_jobs(Job("a", f"{storm}\nkill -INT {os.getpid()}; wait")),
            128 + signal.SIGINT,
            "a=cancelled",
        )
        self.next_run_is_unaffected()


class Services(FaultCase):
    def test_service_that_ignores_term_in_a_session_of_its_own_is_stopped(self) -> None:
        serve = f"(trap '' TERM; setsid bash -c '{self.sleep} & wait' &); touch up"
        self.check(
            self.run_jobs(
                Job("s", serve, service=True, outputs={"up": "up"}), Job("t", "true", ["s"])
            ),
            0,
            "s=passed t=passed",
        )
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
