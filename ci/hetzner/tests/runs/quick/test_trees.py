"""Whatever a job starts is found and ended with it: process trees, services, host's children."""

from __future__ import annotations

import os
import subprocess
import threading
import time
import unittest
from pathlib import Path
from typing import Any

from dsl import Job
from lib.model import events
from lib.processes import process_table
from tests.support.run_case import LINUX, RunTest, tagged


@unittest.skipUnless(LINUX, "needs /proc and a subreaper")
class Trees(RunTest):
    def gone(self) -> None:
        self.assertEqual(tagged(self.sleeper()), [])

    def leaves(self, command: str, **fields: Any) -> tuple[int, str]:
        result = self.run_jobs(Job("a", command, **fields))
        self.gone()
        return result

    def test_output_that_what_was_left_removes_when_it_is_stopped_fails_the_job(self) -> None:
        leak = "(trap 'rm out; exit' TERM; touch up; sleep 50 & wait) &"
        job = Job("a", f"{leak} until [ -e up ]; do :; done; touch out", outputs={"o": "out"})
        code, outcomes = self.run_jobs(job, Job("b", "cat out", ["a"]))
        self.assertEqual((code, outcomes), (1, "a=failed b=skipped"))
        self.assertIn("what it left running removed its output o (out)", self.console.getvalue())

    def test_background_process_does_not_survive_its_job(self) -> None:
        self.assertEqual(self.leaves(f"{self.sleeper()} & true"), (0, "a=passed"))
        self.assertIn("LEAK  a left 1", self.log("ci"))

    def test_setsid_does_not_escape(self) -> None:
        self.leaves(f"setsid {self.sleeper()} & true")
        self.assertIn("LEAK  a left 1", self.log("ci"))

    def test_double_fork_does_not_escape(self) -> None:
        self.leaves(f"(setsid bash -c '({self.sleeper()} &)' &) ; sleep 0.1")
        self.assertIn("LEAK  a", self.log("ci"))

    def test_process_that_shed_environment_group_and_output_does_not_escape(self) -> None:
        self.leaves(f"env -i setsid {self.sleeper()} </dev/null >/dev/null 2>&1 & sleep 0.1")
        self.assertIn("LEAK  a", self.log("ci"))

    def test_ignored_term_in_leader_and_grandchild_does_not_escape_the_timeout(self) -> None:
        inner = f"(trap '' TERM; setsid {self.sleeper()} & {self.sleeper('1')})"
        command = f"trap '' TERM; {inner}; {self.sleeper('2')}"
        self.assertEqual(self.leaves(command, timeout=0.3), (1, "a=timed out"))

    def test_stopped_tree_is_ended(self) -> None:
        command = f"({self.sleeper()} & kill -STOP $!); kill -STOP $$"
        self.assertEqual(self.leaves(command, timeout=0.3), (1, "a=timed out"))

    def test_group_leader_that_exits_first_leaves_nobody(self) -> None:
        self.leaves(f"bash -c '{self.sleeper()} & {self.sleeper('1')} &' ; exit 0")

    def test_fork_storm_is_ended(self) -> None:
        storm = f"f() {{ {self.sleeper()} & setsid {self.sleeper('1')} & f; }}; trap '' TERM; f"
        with_limit = f"{{ {storm}; }} & for i in 1 2 3 4 5; do sleep 0.05; done"
        self.leaves(with_limit, timeout=5)

    def test_no_zombies_and_no_descriptors_are_left(self) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        for _ in range(3):
            self.run_jobs(Job("a", f"{self.sleeper()} & setsid sleep 0.01 & true"))
        look = process_table.table()
        zombies = [p for c in look.children(os.getpid()) if (p := look.read(c)) and not p.alive]
        self.assertEqual(zombies, [])
        self.assertEqual(len(list(Path("/proc/self/fd").iterdir())), before)

    def test_second_run_beside_another_in_one_process_is_refused(self) -> None:
        codes: list[int] = []
        made = self.pipeline(Job("a", "touch up; until [ -e down ]; do sleep 0.01; done"))
        thread = threading.Thread(target=lambda: codes.append(made.run()))
        thread.start()
        while not (self.cwd / "up").exists():
            time.sleep(0.01)
        with self.assertRaisesRegex(RuntimeError, "one at a time"):
            self.pipeline(Job("b", "true")).run()
        (self.cwd / "down").touch()
        thread.join()
        self.assertEqual(codes, [0])
        self.assertEqual(self.run_jobs(Job("b", "true"))[0], 0)

    def test_children_of_the_host_program_are_not_touched(self) -> None:
        own = subprocess.Popen(["sleep", "600"], start_new_session=True)
        self.addCleanup(own.wait)
        self.addCleanup(own.kill)
        quick = subprocess.Popen(["bash", "-c", "exit 7"], start_new_session=True)
        self.run_jobs(Job("a", "sleep 0.05"))
        self.assertIsNone(own.poll())
        self.assertEqual(quick.wait(), 7)

    def test_child_that_the_host_program_starts_during_a_run_is_not_touched(self) -> None:
        made: list[subprocess.Popen[bytes]] = []

        def start(event: events.Event) -> None:
            if isinstance(event, events.Started):
                made.append(subprocess.Popen(["sleep", "600"], process_group=0))
                made.append(subprocess.Popen(["bash", "-c", "exit 7"], process_group=0))

        self.run_jobs(Job("a", "sleep 0.05"), Job("b", "sleep 0.05", ["a"]), listeners=[start])
        for own in made[::2]:
            self.assertIsNone(own.poll())
            own.kill()
            own.wait()
        self.assertEqual([quick.wait() for quick in made[1::2]], [7, 7])

    def test_service_is_stopped_after_its_last_dependent(self) -> None:
        service = f"echo up > u.new; mv u.new u; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", "cat u", ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_is_ready_when_the_target_of_its_symlink_is_written(self) -> None:
        (self.cwd / "u").symlink_to("state/ready")  # of an earlier run, and led to nothing
        service = f"mkdir state; echo up > state/ready; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", "cat u", ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_that_goes_to_the_background_is_stopped_and_is_no_leak(self) -> None:
        service = f"setsid {self.sleeper()} & true"
        code, _ = self.run_jobs(Job("s", service, service=True), Job("t", "true", ["s"]))
        self.assertEqual(code, 0)
        self.assertNotIn("LEAK", self.log("ci"))
        self.gone()

    def test_service_that_dies_while_needed_is_a_failure_that_names_it(self) -> None:
        code, outcomes = self.run_jobs(
            Job("s", "(sleep 0.1) & true", service=True), Job("t", "sleep 1.5", ["s"])
        )
        self.assertEqual((code, outcomes), (1, "s=failed t=passed"))
        self.assertIn("gone while t still needed it", self.log("ci"))


@unittest.skipUnless(LINUX, "needs /proc")
class EndsAtOnce(RunTest):
    """Several ends arrive in one wake-up, or as good as in one."""

    def serves(self, service: str, user: str) -> tuple[str, str]:
        """Return what became of a service `s` and its user `t`, and why of `s`."""
        declared = Job("s", service, service=True, outputs={"r": "r"}), Job("t", user, ["s"])
        made = self.pipeline(*declared)
        made.run()
        (self.cwd / "r").unlink()
        outcomes = " ".join(f"{name}={result.outcome}" for name, result in made.results.items())
        return outcomes, made.results["s"].reason

    def test_service_that_its_last_user_kills_has_failed(self) -> None:
        for name in ("SEGV", "KILL", "HUP"):
            outcomes, why = self.serves(
                "echo $$ > pid; touch r; exec sleep 50", f"kill -{name} $(cat pid)"
            )
            self.assertEqual(outcomes, "s=failed t=passed")
            self.assertIn(f"killed by SIG{name}", why)

    def test_service_that_exits_just_before_its_last_user_has_failed(self) -> None:
        ended = "while grep -qs ^State:.[^Z] /proc/$pid/status; do :; done"
        outcomes, why = self.serves(
            "echo $$ > pid; trap 'exit 3' USR1; touch r; while :; do sleep 0.01; done",
            f"pid=$(cat pid); kill -USR1 $pid; {ended}",
        )
        self.assertEqual(outcomes, "s=failed t=passed")
        self.assertIn("exit code 3", why)

    def test_what_a_service_left_and_its_last_user_kills_has_failed(self) -> None:
        outcomes, why = self.serves(
            "setsid sleep 50 & echo $! > pid; touch r", "sleep 0.1; kill -KILL $(cat pid)"
        )
        self.assertEqual(outcomes, "s=failed t=passed")
        self.assertIn("all of its processes", why)

    def test_service_that_ends_by_its_stop_has_passed_whatever_it_says(self) -> None:
        for end in ("exit 3", "kill -SEGV $$"):
            outcomes, why = self.serves(
                f"trap '{end}' TERM; touch r; while :; do sleep 0.01; done", "true"
            )
            self.assertEqual((outcomes, why), ("s=passed t=passed", ""))

    def test_job_that_is_to_be_stopped_may_have_ended_in_the_same_wake_up(self) -> None:
        def until_both_ended(event: events.Event) -> None:
            if isinstance(event, events.Started) and event.job == "c":
                for process in process_table.table().all():
                    if process.ppid == os.getpid():
                        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)

        either = [Job(name, "exit 1", fast_fail=True) for name in "ab"]
        made = self.pipeline(*either, Job("c", "sleep 60"), listeners=[until_both_ended])
        self.assertEqual(made.run(fast_fail=True), 1)
        outcomes = [made.results[name].outcome for name in "abc"]
        self.assertEqual(sorted(map(str, outcomes)), ["cancelled", "cancelled", "failed"])


if __name__ == "__main__":
    unittest.main()
