"""Signals and the run's timeout end a run, its trees and its reports alike."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import textwrap
import unittest

from dsl import Job
from lib.processes import process_table
from tests.support.run_case import HERE, LINUX, RunTest, tagged
from tests.support.waiting import wait_for, wait_until

RUNNER = textwrap.dedent(
    """
    import sys
    sys.path.insert(0, {here!r})
    from dsl import Job, Pipeline
    jobs = [
        Job("a", "trap 'exit 0' TERM; {sleeper} & touch up; wait; wait"),
        Job("b", "true", ["a"]),
        Job("z", "true", ["a"], when="always"),
    ]
    sys.exit(Pipeline(jobs, "s", "b", "logs", cwd=".", grace=0.3, **{options}).run())
    """
)


@unittest.skipUnless(LINUX, "needs /proc")
class Interrupts(RunTest):
    def runner(self, options: str = "{}") -> subprocess.Popen[str]:
        """Start a run of its own."""
        code = RUNNER.format(here=str(HERE), sleeper=self.sleeper(), options=options)
        process = subprocess.Popen(
            [sys.executable, "-c", code], cwd=self.cwd, stdout=subprocess.PIPE, text=True
        )
        self.addCleanup(process.communicate)
        return process

    def runner_with_a_job(self) -> subprocess.Popen[str]:
        """Start a run of its own, and wait until its first job is up."""
        process = self.runner()
        wait_for(self.cwd / "up")
        return process

    def summary(self) -> dict[str, str]:
        jobs = json.loads((self.logs / "summary.json").read_text())["jobs"]
        return {job["name"]: job["outcome"] for job in jobs}

    def test_each_signal_ends_the_run_with_128_plus_n(self) -> None:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            (self.cwd / "up").unlink(missing_ok=True)
            process = self.runner_with_a_job()
            process.send_signal(number)
            self.assertEqual(process.wait(), 128 + number)
            self.assertEqual(self.summary(), dict.fromkeys("abz", "cancelled"))
            self.assertIn(f"INTERRUPTED by {number.name}, running: a", self.log("ci"))
            self.assertEqual(tagged(self.sleeper()), [])

    def test_signals_that_the_host_handles_itself_end_nothing(self) -> None:
        for number in (signal.SIGALRM, signal.SIGCHLD):
            with self.subTest(number=number):
                seen: list[int] = []

                def note(number: int, _: object, seen: list[int] = seen) -> None:
                    seen.append(number)

                before = signal.signal(number, note)
                self.addCleanup(signal.signal, number, before)
                signal.setitimer(signal.ITIMER_REAL, 0.05 if number == signal.SIGALRM else 0)
                self.assertEqual(
                    self.run_jobs(Job("a", "sleep 0.1"), Job("b", "sleep 0.1", ["a"])),
                    (0, "a=passed b=passed"),
                )
                self.assertTrue(seen)

    def test_host_that_ignores_its_children_learns_of_jobs_all_the_same(self) -> None:
        before = signal.signal(signal.SIGCHLD, signal.SIG_IGN)
        self.addCleanup(signal.signal, signal.SIGCHLD, before)
        inner = [sys.executable, "-c", "import subprocess; subprocess.run(['false'], check=True)"]
        self.assertEqual(
            self.run_jobs(Job("a", "exit 3"), Job("b", "true"), Job("c", inner)),
            (1, "a=failed b=passed c=failed"),
        )
        self.assertIs(signal.getsignal(signal.SIGCHLD), signal.SIG_IGN)

    def test_run_timeout_ends_with_124(self) -> None:
        self.assertEqual(self.runner("{'timeout': 0.5}").wait(), 124)
        self.assertEqual(self.summary(), dict.fromkeys("abz", "cancelled"))
        self.assertEqual(tagged(self.sleeper()), [])

    def test_suspended_run_stops_its_trees_and_resumes_them(self) -> None:
        process = self.runner_with_a_job()
        look = process_table.table()

        def sleepers() -> list[int]:
            return [p for p in tagged(self.sleeper()) if look.command(p).startswith("sleep")]

        wait_until(lambda: bool(sleepers()), "the sleep of the job")
        (sleeping,) = sleepers()
        process.send_signal(signal.SIGTSTP)

        def states() -> str:
            found = (look.read(process.pid), look.read(sleeping))
            return "".join(p.state for p in found if p)

        wait_until(lambda: states() == "TT", "both stopped")
        process.send_signal(signal.SIGCONT)
        wait_until(lambda: "T" not in states(), "both going on")
        process.terminate()
        self.assertEqual(process.wait(), 143)


if __name__ == "__main__":
    unittest.main()
