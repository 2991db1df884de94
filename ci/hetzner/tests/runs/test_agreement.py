"""The reports of a run agree: exit code, the END of ci.log, summary.json and the statuses."""

from __future__ import annotations

import json
import re
import signal
import unittest

from tests.support import github_server
from tests.support.commit_stage import HETZNER, JOBS, OnStage, Ran
from tests.support.waiting import PATIENCE, wait_for, wait_until

BUSY = (503, {"Retry-After": "3600"}, b"")  # no run waits that long: it is left to the next one
NEVER: github_server.Reply = (422, {}, b'{"message": "No commit found"}')
OF_A_PASS = ["pending", "success"]
PART = ("--only-jobs", "lint-python")  # says nothing of the commit itself
# runs a statement between summary.json and the END of ci.log
BEFORE_THE_END = """
import os, resource, signal, sys
sys.path.insert(0, {hetzner!r})
import pipeline
from lib.commit import commit_run
from lib.common import program_end

def snapshot(self, label):
    if label == "after":
        {statement}

def limit(bytes):
    resource.setrlimit(resource.RLIMIT_FSIZE, (bytes, bytes))

commit_run.CommitRun._snapshot = snapshot
program_end.run(lambda _: pipeline.main([]))
"""


class WithGitHub(OnStage):
    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.stage.github = self.github

    def posted(self) -> list[tuple[str, str]]:
        return [(body["state"], body["context"]) for body in self.github.seen]

    def left(self) -> list[str]:
        return [path.name for path in (self.stage.state / "outbox").iterdir()]

    def run_part(self, *replies: github_server.Reply) -> str:
        """Run one job while GitHub answers with these; return ci.log."""
        self.github.replies = [*replies]
        self.github.seen.clear()
        self.assertEqual(self.stage.run(*PART).code, 0)
        self.assertEqual(self.github.replies, [])
        return self.stage.log()


class LeftToTheNextRun(WithGitHub):
    def kill(self, *words: str, **variables: str) -> None:
        started = self.stage.root / "started"
        variables = {"STAGE_SLEEP": "test_js", "STAGE_STARTED": str(started), **variables}
        with self.stage.start(*words, **variables) as process:
            wait_for(started)
            wait_until(lambda: bool(self.posted()), "the pending status")
            process.kill()
            process.communicate(timeout=PATIENCE)

    def test_run_that_was_cut_off_is_told_of_as_soon_as_github_answers(self) -> None:
        self.kill()
        for _ in range(2):
            log = self.run_part(BUSY)
            self.assertRegex(
                log, r"NOTE  the run of \w{40} was cut off: the next run posts its status"
            )
            self.assertNotIn("CLEAN the run", log)
        log = self.run_part()
        self.assertRegex(
            log, r"CLEAN the run of \w{40} was cut off: its status ci/hetzner is posted now"
        )
        self.assertEqual(self.posted(), [("error", "ci/hetzner")])
        self.assertEqual(self.left(), [])

    def test_status_that_github_refuses_is_reported_once_and_dropped(self) -> None:
        self.kill()
        log = self.run_part(NEVER)
        self.assertRegex(log, r"NOTE  the run of \w{40} was cut off: GitHub refuses")
        self.assertEqual(self.left(), [])
        self.assertNotIn("cut off", self.run_part())
        self.assertEqual(self.posted(), [])

    def test_unreadable_record_is_reported_and_left(self) -> None:
        record = self.stage.state / "outbox" / "r1-1.json"
        record.mkdir(parents=True)  # root may read any file
        self.assertIn(
            f"NOTE  the statuses that a dead run left in {record} cannot be read", self.run_part()
        )
        self.assertTrue(record.is_dir())

    def test_verdict_that_github_did_not_take_is_told_as_it_was(self) -> None:
        self.github.replies = [BUSY, BUSY]
        self.assertEqual(self.stage.run().code, 0)
        self.assertIn("NOTE  the next run posts the status", self.stage.log())
        self.assertEqual((len(self.left()), self.posted()), (1, []))
        log = self.run_part()
        self.assertRegex(log, r"CLEAN the run of \w{40} ended with success: its status")
        self.assertEqual(self.posted(), [("success", "ci/hetzner")])
        self.assertIn(f"{JOBS} jobs passed", self.github.seen[0]["description"])
        self.assertEqual(self.left(), [])

    def test_verdict_that_was_left_is_never_told_after_a_later_one(self) -> None:
        self.github.replies = [BUSY, BUSY]
        self.assertEqual(self.stage.run().code, 0)
        self.github.replies = [
            BUSY,
            BUSY,
        ]  # the status that is left, and the pending one of the new run
        self.assertEqual(self.stage.run(STAGE_FAIL="lint_python").code, 1)
        self.assertEqual(self.posted(), [("failure", "ci/hetzner")])
        self.run_part()
        self.assertEqual((self.posted(), self.left()), ([], []))


class Agreement(WithGitHub):
    def agrees(
        self, ran: Ran, code: int, state: str, *, summary: bool = True, jobs: int = JOBS
    ) -> str:
        """Assert that all places tell the same; return the text of the status."""
        self.assertEqual(ran.code, code, ran.out + ran.errors)
        self.assertEqual(re.findall(r"END   exit code (\d+)", ran.out)[-1], str(code))
        path = self.stage.log_dir() / "summary.json"
        self.assertEqual(path.exists(), summary)
        if summary:
            told = json.loads(path.read_text())
            self.assertEqual((told["exit_code"], len(told["jobs"])), (code, jobs))
            self.assertEqual(told["state"], "ended")
        self.assertEqual(self.posted(), [("pending", "ci/hetzner"), (state, "ci/hetzner")])
        self.assertEqual(self.left(), [])
        return self.github.seen[-1]["description"]

    def run_with(self, statement: str) -> Ran:
        program = BEFORE_THE_END.format(hetzner=str(HETZNER), statement=statement)
        return self.stage.run(program=program)

    def test_green_run(self) -> None:
        self.agrees(self.stage.run(), 0, "success")

    def test_last_line_of_the_log_that_cannot_be_written(self) -> None:
        statement = (
            "[self.log.line('x' * 99) for _ in range(999)]; limit(self.log.path.stat().st_size + 9)"
        )
        text = self.agrees(self.run_with(statement), 1, "error")
        self.assertRegex(text, "could not write .*ci.log: File too large")

    def test_summary_that_cannot_be_corrected_is_none(self) -> None:
        ran = self.run_with("limit(self.log.path.stat().st_size + 9)")
        self.agrees(ran, 1, "error", summary=False)

    def test_signal_between_the_jobs_and_the_end(self) -> None:
        ran = self.run_with("os.kill(os.getpid(), signal.SIGTERM)")
        text = self.agrees(ran, 128 + signal.SIGTERM, "error")
        self.assertEqual(text, "ended by SIGTERM")

    def test_summary_of_an_earlier_run_does_not_stand_for_one_that_came_to_no_jobs(self) -> None:
        self.agrees(self.stage.run(), 0, "success")
        earlier_run = self.stage.log_dir()
        self.github.seen.clear()
        program = BEFORE_THE_END.format(hetzner=str(HETZNER), statement="pass")
        breaks = "commit_run.CommitRun.prepare_tree = lambda self: os.stat('/no/tree')"
        start = "\nprogram_end.run("
        ran = self.stage.run(program=program.replace(start, f"\n{breaks}{start}"))
        self.agrees(ran, 1, "error", jobs=0)
        earlier = json.loads((earlier_run / "summary.json").read_text())
        self.assertEqual(earlier["exit_code"], 0)

    def test_log_that_was_moved_after_the_jobs(self) -> None:
        ran = self.run_with("self.log.path.rename(self.log.path.with_name('elsewhere'))")
        self.assertIn("it was removed", self.agrees(ran, 1, "error"))


class OfJobs(WithGitHub):
    """Statuses of jobs: a context for each."""

    def setUp(self) -> None:
        super().setUp()
        self.stage.variables["CI_JOB_STATUSES"] = "1"
        self.started = self.stage.root / "started"
        self.stage.variables["STAGE_STARTED"] = str(self.started)

    def of(self, job: str) -> list[str]:
        return [state for state, context in self.posted() if context == f"ci/hetzner/{job}"]

    def body(self, text: str) -> None:
        """Give playwright-storybook another body."""
        (self.stage.root / "runner" / "jobs" / "pw_storybook.sh").write_text(f"{text}\n")

    def test_job_that_is_checked_as_a_whole_is_told_of_by_a_part_of_the_run_too(self) -> None:
        self.run_part()
        expected = [(s, "ci/hetzner/lint-python") for s in OF_A_PASS]
        self.assertEqual(self.posted(), [("success", "ci/hetzner/python-3.13"), *expected])

    def test_job_that_is_not_checked_as_a_whole_is_not_told_of(self) -> None:
        for code, *words in (
            (0, "--only-testcases", "test_one"),
            (4, *PART, "--only-testcases", "test_one"),  # a linter runs no test
            (0, *PART, "--no-deps"),
            (0, "--skip-jobs", "test-js"),
            (0, *PART, "--in-place"),
        ):
            self.assertEqual(self.stage.run(*words).code, code, words)
            self.assertEqual(self.posted(), [], words)

    def test_job_of_two_passes_has_passed_after_the_second(self) -> None:
        marker = self.stage.root / "passes"
        self.body(f'echo "pass of [$PYTEST_K_FILTER]" >>{marker}')
        only = ("--only-jobs", "playwright-storybook", "--first-testcases", "x")
        self.assertEqual(self.stage.run(*only).code, 0)
        self.assertEqual(marker.read_text(), "pass of [x]\npass of []\n")
        self.assertEqual(self.of("playwright-storybook"), OF_A_PASS)
        self.assertEqual(self.of("build-js"), OF_A_PASS)

    def test_job_whose_second_pass_is_not_begun_has_not_passed(self) -> None:
        only = ("--only-jobs", "playwright-storybook,test-python-3.11", "--fast-fail")
        failing = self.stage.run(*only, "--first-testcases", "x", STAGE_FAIL="test_python")
        self.assertEqual(failing.code, 1)
        self.assertEqual(self.of("test-python-3.11"), ["pending", "failure"])
        self.assertEqual(self.of("playwright-storybook"), ["pending", "error"])
        self.assertIn("not all of its test cases", self.github.seen[-1]["description"])
        self.assertEqual(self.left(), [])

    def test_job_of_a_run_that_was_cut_off_in_either_pass_is_told_of_by_the_next(self) -> None:
        for waits in ("-n", "-z"):  # of the first pass, of the second
            with self.subTest(waits):
                sleeps = f"touch {self.started}; sleep 999"
                self.body(f'[ {waits} "$PYTEST_K_FILTER" ] || exit 0; {sleeps}')
                self.github.seen.clear()
                only = ("--only-jobs", "playwright-storybook", "--first-testcases", "x")
                with self.stage.start(*only) as process:
                    wait_for(self.started)
                    wait_until(lambda: bool(self.of("playwright-storybook")), "a pending status")
                    process.kill()
                    process.communicate(timeout=PATIENCE)
                self.started.unlink()
                self.assertEqual(self.of("playwright-storybook"), ["pending"])
                self.run_part()
                self.assertEqual(self.of("playwright-storybook"), ["error"])
                self.assertEqual(self.left(), [])

    def test_end_of_a_job_that_github_did_not_take_is_told_as_it_was_by_the_next(self) -> None:
        self.github.replies = [BUSY] * 3
        self.assertEqual(self.stage.run(*PART).code, 0)
        self.assertRegex(self.run_part(), "its status ci/hetzner/lint-python is posted now")
        self.assertEqual(self.of("lint-python"), ["success", *OF_A_PASS])


if __name__ == "__main__":
    unittest.main()
