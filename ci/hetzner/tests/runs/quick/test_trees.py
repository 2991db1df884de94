"""Every process of a job is found and stopped with it: trees, services; not the host's children."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from dsl import Job
from lib.model import events
from lib.processes import process_table
from tests.support.escapes import ESCAPES, STORM
from tests.support.run_case import LINUX, RunTest, tagged
from tests.support.time_passes import asleep, time_passes

SERVED = "sleep 0.03; kill -0 $(cat u)"  # fails if the service has ended


@unittest.skipUnless(LINUX, "needs /proc and a subreaper")
class Trees(RunTest):
    def gone(self) -> None:
        self.assertEqual(tagged(self.sleeper()), [])

    def test_output_that_a_leftover_process_removes_when_it_is_stopped_fails_the_job(self) -> None:
        leak = "(trap 'rm out; exit' TERM; touch up; sleep 50 & wait) &"
        job = Job("a", f"{leak} until [ -e up ]; do :; done; touch out", outputs={"o": "out"})
        code, outcomes = self.run_jobs(job, Job("b", "cat out", ["a"]), grace=30)
        self.assertEqual((code, outcomes), (1, "a=failed b=skipped"))
        self.assertIn("a process that it left removed its output o (out)", self.console.getvalue())

    def test_each_escape_is_found_stopped_and_told_as_a_leak(self) -> None:
        for name, escape in ESCAPES.items():
            with self.subTest(name):
                command = escape.replace("SLEEP", self.sleeper())
                self.assertEqual(self.run_jobs(Job("a", f"{command}\nexit 0")), (0, "a=passed"))
                self.assertIn("LEAK  a left ", self.log("ci"))
                self.gone()

    def test_no_escape_outlives_a_timeout(self) -> None:
        sleeps = {escape: self.sleeper(f"{n:02}") for n, escape in enumerate(ESCAPES.values())}
        jobs = [
            Job(sleep.split()[1], f"{escape}\nSLEEP".replace("SLEEP", sleep), timeout=60)
            for escape, sleep in sleeps.items()
        ]

        def are_up() -> bool:
            # what is stopped may have been so before it became a sleep
            wanted = {e: 1 + e.count("SLEEP") * ("STOP" not in e) for e in sleeps}
            return all(asleep(sleep) >= wanted[escape] for escape, sleep in sleeps.items())

        with time_passes(60, are_up):
            self.assertEqual(self.run_jobs(*jobs, timeout=600)[0], 1)
        self.gone()
        for job, (escape, sleep) in zip(jobs, sleeps.items(), strict=True):
            self.assertIn(f"TIMEOUT {job.name} (>60s)", self.log("ci"))
            listed = re.findall(rf"(?m)^ +\d+ [A-Z] .*\b{sleep}\b", self.log(job.name))
            # the sleep of the job itself, and those of the escape
            self.assertGreater(len(listed), max(1, escape.count("SLEEP")), self.log(job.name))

    def test_fork_storm_is_ended(self) -> None:
        storm = STORM.replace("COUNT", "40").replace("SLEEP", self.sleeper())
        self.assertEqual(self.run_jobs(Job("a", f"{storm}\nexit 0"))[1], "a=passed")
        self.assertRegex(self.log("ci"), r"LEAK  a left [4-9]\d")
        self.gone()

    def test_no_zombies_and_no_descriptors_are_left(self) -> None:
        before = len(list(Path("/proc/self/fd").iterdir()))
        # a grandchild that tells which process adopted it, and ends
        orphan = "(setsid bash -c 'sleep 0.01; cut -d\" \" -f4 /proc/$$/stat >by' &)"
        adopted = f"{orphan}; until [[ -s by ]]; do sleep 0.01; done; mv by adopter"
        for _ in range(3):
            self.run_jobs(Job("a", f"{self.sleeper()} & {adopted}"))
            self.assertEqual((self.cwd / "adopter").read_text(), f"{os.getpid()}\n")
            (self.cwd / "adopter").unlink()
            self.assertRegex(self.log("ci"), f"LEAK  a left .* {self.sleeper()}")
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
        service = f"echo $$ > u.new; mv u.new u; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", SERVED, ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_is_ready_when_the_target_of_its_symlink_is_written(self) -> None:
        (self.cwd / "u").symlink_to("state/ready")  # of an earlier run, and led to nothing
        service = f"mkdir state; echo $$ > state/ready; exec {self.sleeper()}"
        code, outcomes = self.run_jobs(
            Job("s", service, service=True, outputs={"u": "u"}), Job("t", SERVED, ["s"])
        )
        self.assertEqual((code, outcomes), (0, "s=passed t=passed"))
        self.gone()

    def test_service_that_goes_to_the_background_is_stopped_and_is_no_leak(self) -> None:
        service = f"setsid {self.sleeper()} & echo $! > u"
        code, _ = self.run_jobs(Job("s", service, service=True), Job("t", SERVED, ["s"]))
        self.assertEqual(code, 0)
        self.assertNotIn("LEAK", self.log("ci"))
        self.gone()

    def test_service_that_dies_while_needed_is_a_failure_that_names_it(self) -> None:
        serves = "(until [ -e used ]; do sleep 0.02; done) & true"
        uses = "touch used; until grep -q 'FAIL  s' logs/ci.log; do sleep 0.02; done"
        code, outcomes = self.run_jobs(Job("s", serves, service=True), Job("t", uses, ["s"]))
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

    def test_service_whose_leftover_its_last_user_kills_has_failed(self) -> None:
        outcomes, why = self.serves(
            "setsid sleep 50 & echo $! > pid; echo $$ > body; touch r",
            # its body is dead by then, whether the runner has noted that or not
            "until grep -q ^State:.Z /proc/$(cat body)/status; do sleep 0.01; done; "
            "kill -KILL $(cat pid)",
        )
        self.assertEqual(outcomes, "s=failed t=passed")
        self.assertIn("all of its processes", why)

    def test_service_that_ends_by_its_stop_has_passed_with_any_exit_code(self) -> None:
        for end in ("exit 3", "kill -SEGV $$"):
            outcomes, why = self.serves(
                f"trap '{end}' TERM; touch r; while :; do sleep 0.01; done", "true"
            )
            self.assertEqual((outcomes, why), ("s=passed t=passed", ""))

    def test_job_that_is_to_be_stopped_may_have_ended_in_the_same_wake_up(self) -> None:
        def until_both_ended(event: events.Event) -> None:
            if sys.platform != "linux":
                self.skipTest("macOS lacks waitid(2)")
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
