"""The end of a run shows the failed jobs: the reasons, and the logs that this run wrote."""

from __future__ import annotations

from typing import Any

from dsl import Cache, Job
from tests.support.run_case import RunTest
from tests.support.time_passes import time_passes

ESC = "\x1b"


class Closing(RunTest):
    def closing(self, *jobs: Job, **chosen: Any) -> str:
        """Return the output of a run of these jobs after its last event."""
        self.console.seek(0)
        self.console.truncate()
        self.pipeline(*jobs).run(**chosen)
        return self.console.getvalue().partition("\n--- ")[2]


class WhichLog(Closing):
    """`lint` has passed in an earlier run, whose log stays where it is until `lint` starts."""

    def setUp(self) -> None:
        super().setUp()
        self.run_jobs(Job("lint", "echo All checks passed"))

    def has_no_log(self, shown: str) -> None:
        self.assertRegex(shown, r"\Alint: .*[^)]\n    \(it has no log: it did not start\)\n")
        self.assertEqual(self.log("lint"), "All checks passed\n")

    def test_job_whose_program_is_missing_has_none(self) -> None:
        self.has_no_log(self.closing(Job("lint", "true", requires=["no-such-program"])))

    def test_job_that_misses_an_output_it_expects_has_none(self) -> None:
        build = Job("build", "true", outputs={"tool": "tool"})
        lint = Job("lint", "true", ["build:tool"])
        self.has_no_log(self.closing(build, lint, skip_jobs=["build"]))

    def test_job_that_can_never_start_has_none(self) -> None:
        door = {"door": 1}
        up = "touch up; exec sleep 99"
        server = Job("server", up, service=True, outputs={"up": "up"}, resources=door)
        self.has_no_log(self.closing(server, Job("lint", "true", ["server"], resources=door)))

    def test_job_that_could_not_be_executed_has_an_empty_one(self) -> None:
        shown = self.closing(Job("lint", ["no-such-program"]))
        self.assertIn(f"({self.logs}/lint.log)\n    (its log is empty)\n", shown)

    def test_output_of_a_jobs_cache_is_in_its_log(self) -> None:
        cache = Cache("echo asked >&2; exit 1", "out", self.cwd / "store", cwd=self.cwd)
        self.assertIn("asked", self.closing(Job("lint", ["no-such-program"], cache=cache)))

    def test_log_of_an_attempt_stays_the_last_if_the_next_cannot_start(self) -> None:
        (self.cwd / "tool").touch()
        build = Job("build", "true", outputs={"tool": "tool"})
        lint = Job("lint", "echo first; rm tool; exit 1", ["build:tool"], retries=1)
        shown = self.closing(build, lint, skip_jobs=["build"])
        self.assertRegex(shown, r"\Alint: output build:tool .*\n    first\n")

    def test_log_that_its_job_removed_is_not_taken_for_a_job_that_did_not_start(self) -> None:
        shown = self.closing(Job("lint", "rm logs/lint.log; exit 1"))
        self.assertIn("(its log cannot be read: No such file or directory)", shown)


class CutOff(Closing):
    """A job that was cut off shows how far it got, and the command that runs it again."""

    def rerun(self, *jobs: Job, **options: Any) -> str:
        self.pipeline(*jobs, rerun=lambda name: f"again {name}", **options).run(fast_fail=True)
        return self.console.getvalue().partition("\n--- ")[2]

    def said_by(self, job: str) -> str:
        log = self.logs / f"{job}.log"
        return log.read_text() if log.exists() else ""

    def test_jobs_that_the_runs_timeout_cuts_off(self) -> None:
        jobs = Job("a", "echo step 3; sleep 99"), Job("b", "true", ["a"])
        with time_passes(60, lambda: "step 3" in self.said_by("a")):
            shown = self.rerun(*jobs, timeout=60)
        self.assertRegex(
            shown,
            r"\Aa: cut off by the run's timeout.*\n    step 3\n( .*\n)*    run it again: again a\n",
        )
        self.assertNotIn("--- b", shown)  # it did not run

    def test_jobs_that_a_signal_cuts_off(self) -> None:
        shown = self.rerun(Job("a", "echo step 3; kill -TERM $PPID; sleep 99"))
        self.assertRegex(shown, r"\Aa: .*SIGTERM.*\n    step 3\n    run it again: again a\n")

    def test_jobs_that_fast_fail_cuts_off_come_after_the_failure(self) -> None:
        shown = self.rerun(
            Job("a", "echo step 3; touch up; sleep 99", outputs={"up": "up"}),
            Job("b", "echo broken; exit 3", ["a:up"], fast_fail=True),
        )
        self.assertRegex(
            shown,
            r"\Ab: exit code 3 .*\n    broken\n    run it again: again b\n"
            r"--- a: .*\n    step 3\n    run it again: again a\n",
        )


class Shown(Closing):
    def test_failures_that_make_the_run_red_come_before_allowed_ones(self) -> None:
        shown = self.closing(
            Job("first", "exit 1", allow_failure=True), Job("second", "exit 2", ["first"])
        )
        self.assertRegex(shown, r"(?s)\Asecond: exit code 2 .*\n--- first: allowed to fail, exit ")

    def test_log_without_a_byte_is_said_to_be_empty(self) -> None:
        self.assertIn("    (its log is empty)\n", self.closing(Job("a", "exit 1")))

    def test_colours_and_titles_are_not_shown_and_stay_in_the_file(self) -> None:
        coloured = (
            f"{ESC}[32m{ESC}[1mVITE{ESC}[22m v5{ESC}[0m "
            f"{ESC}]8;;http://box/{ESC}\\link{ESC}]8;;\x07{ESC}]0;title\x07 "
            f"{ESC}(B{ESC}7{ESC}[?25l\x9b1mdone\x9d0;t\x9c"
        )
        (self.cwd / "said").write_text(coloured)
        shown = self.closing(Job("a", "cat said; exit 1"))
        self.assertIn("    VITE v5 link done\n", shown)
        self.assertEqual(self.log("a"), coloured)

    def test_control_characters_outside_of_whole_sequences_are_made_visible(self) -> None:
        for said, seen in (
            (f"a{ESC}]0;no end", "a·]0;no end"),
            (f"a{ESC}[12", "a·[12"),
            ("a\x08b", "a·b"),
            (f"a{ESC}", "a·"),
        ):
            (self.cwd / "said").write_text(said)
            self.assertIn(f"    {seen}\n", self.closing(Job("a", "cat said; exit 1")))

    def test_secret_between_colours_is_masked(self) -> None:
        script = f"printf 's3cret-{ESC}[1mtok{ESC}[0men\\n'; exit 1"
        self.run_jobs(Job("a", script), env={"GITHUB_TOKEN": "s3cret-token"})
        self.assertIn("    ***\n", self.console.getvalue())


class Verdict(Closing):
    def verdict(self, *jobs: Job, **chosen: Any) -> str:
        """Return the last line that a run shows, which its log ends with as well."""
        self.pipeline(*jobs).run(**chosen)
        last = self.console.getvalue().splitlines()[-1]
        self.assertEqual(last, self.log("ci").splitlines()[-1])
        self.assertEqual(self.console.getvalue().count(" END   "), 1)
        return last[11:]

    def test_green_run_ends_with_its_exit_code_and_the_count_of_its_jobs(self) -> None:
        told = self.verdict(Job("a", "true"), Job("b", "true"))
        self.assertRegex(told, r"\AEND   exit code 0: 2 jobs passed in \d+ s\Z")

    def test_red_run_names_failed_jobs_and_no_allowed_or_skipped_ones(self) -> None:
        jobs = Job("a", "exit 1", allow_failure=True), Job("b", "exit 1"), Job("c", "true", ["b"])
        told = self.verdict(*jobs, Job("d", "true"), skip_jobs=["d"])
        self.assertRegex(told, r"\AEND   exit code 1: failed in \d+ s: b\Z")

    def test_run_that_a_signal_ended_names_it(self) -> None:
        told = self.verdict(Job("a", "kill -TERM $PPID; sleep 99"))
        self.assertEqual(told, "END   exit code 143: ended by SIGTERM")

    def test_run_that_lost_its_log_says_so(self) -> None:
        self.pipeline(Job("a", "rm logs/ci.log")).run()
        last = self.console.getvalue().splitlines()[-1]
        self.assertRegex(last, r"END   exit code 1: could not write .*; 1 job passed in \d+ s\Z")
