"""Logs of a run and of its jobs: their lines, their places, and the changes of jobs to them."""

from __future__ import annotations

import json
import os
import unittest

from dsl import Job
from tests.support.run_case import RunTest


class Logs(RunTest):
    def test_output_of_both_kinds_goes_to_the_jobs_log(self) -> None:
        self.run_jobs(Job("a", "echo out; echo err >&2"))
        self.assertEqual(self.log("a"), "out\nerr\n")

    def test_lines_of_the_run_log_keep_their_form(self) -> None:
        self.run_jobs(
            Job("a", "true"),
            Job("b", "exit 3"),
            Job("c", "true", ["b"]),
            Job("d", "sleep 9", timeout=0.2),
        )
        lines = self.log("ci").splitlines()
        for line in lines:
            self.assertRegex(line, r"\A\[\d\d:\d\d:\d\d\] ")
        bare = [line[11:] for line in lines]
        for expected in (
            "START a",
            "PASS  a",
            f"FAIL  b  (see {self.logs}/b.log)",
            "CAUSE b: exit code 3",
            "SKIP  c (dependency failed: b)",
            "TIMEOUT d (>0.2s)",
        ):
            self.assertIn(expected, bare)

    def test_url_of_the_logs_is_in_the_line_of_a_failure(self) -> None:
        self.run_jobs(Job("b", "exit 3"), log_url="http://box/logs/")
        self.assertIn("FAIL  b  (see http://box/logs/b.log)", self.log("ci"))

    def test_no_log_of_an_earlier_run_or_attempt_is_overwritten(self) -> None:
        self.run_jobs(Job("a", "echo one; exit 1", retries=1))
        self.run_jobs(Job("a", "echo two"))
        self.assertEqual(self.log("a"), "two\n")
        kept = sorted(path.name for path in self.logs.glob("a.log.*"))
        self.assertEqual(kept, ["a.log.1", "a.log.2"])
        self.assertIn("FAIL  a", (self.logs / "ci.log.1").read_text())

    def test_list_runs_without_a_shell(self) -> None:
        self.run_jobs(Job("a", ["printf", "%s", "$HOME; x"]))
        self.assertEqual(self.log("a"), "$HOME; x")

    def test_summary_tells_outcomes_attempts_and_the_end_of_failed_logs(self) -> None:
        code, _ = self.run_jobs(
            Job("a", "seq 30; exit 4"), rerun=lambda name: f"again {name}", env=dict(os.environ)
        )
        summary = json.loads((self.logs / "summary.json").read_text())
        self.assertEqual((code, summary["exit_code"]), (1, 1))
        self.assertEqual(summary["jobs"][0]["outcome"], "failed")
        self.assertEqual(summary["jobs"][0]["attempts"][0]["exit_code"], 4)
        shown = self.console.getvalue()
        self.assertIn("    11\n", shown)
        self.assertNotIn("    10\n", shown)
        self.assertIn("again a", shown)

    def test_log_that_a_job_made_a_fifo_does_not_block(self) -> None:
        swap = "rm logs/a.log; mkfifo logs/a.log; exit 1"
        self.assertEqual(self.run_jobs(Job("a", swap)), (1, "a=failed"))
        self.assertIn("something else than a file", self.console.getvalue())

    def test_run_whose_log_a_job_took_away_is_red(self) -> None:
        for body, told in (
            ("rm logs/ci.log", "it was removed during the run"),
            ("mv logs/ci.log logs/elsewhere", "it was removed during the run"),
            ("mv logs elsewhere", "it was removed during the run"),
            ("mv logs other && mkdir logs && touch logs/ci.log", "something else is in its place"),
            ("cp logs/ci.log new && mv new logs/ci.log", "something else is in its place"),
            (": > logs/ci.log", "it was cut during the run"),
        ):
            with self.subTest(body):
                self.assertEqual(self.run_jobs(Job("a", body))[0], 1)
                said = f"the run is red: could not write {self.logs}/ci.log: {told}"
                self.assertIn(said, self.console.getvalue())
                summary = self.logs / "summary.json"
                told_code = json.loads(summary.read_text())["exit_code"] if summary.exists() else 1
                self.assertEqual(told_code, 1)

    def test_log_that_is_still_in_its_place_is_whole(self) -> None:
        body = "mv logs other && ln -s other logs && echo more >> logs/ci.log"
        self.assertEqual(self.run_jobs(Job("a", body))[0], 0)

    def test_job_that_cannot_be_started_fails_by_name(self) -> None:
        code, outcomes = self.run_jobs(Job("a", ["no-such-program"]))
        self.assertEqual((code, outcomes), (1, "a=failed"))
        self.assertIn("could not start no-such-program", self.log("ci"))

    def test_unmet_requirement_fails_by_name_and_nothing_starts(self) -> None:
        code, outcomes = self.run_jobs(
            Job("a", "touch started"), Job("b", "true", requires=["no-such-program"])
        )
        self.assertEqual((code, outcomes), (1, "a=cancelled b=failed"))
        self.assertFalse((self.cwd / "started").exists())

    def test_requirement_is_looked_for_on_the_path_of_the_job(self) -> None:
        tool = self.cwd / "own" / "own-tool"
        tool.parent.mkdir()
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
        path = {"PATH": f"{tool.parent}:{os.environ['PATH']}"}
        self.assertEqual(self.run_jobs(Job("a", "own-tool", requires=["own-tool"], env=path))[0], 0)
        code, _ = self.run_jobs(Job("a", "true", requires=["git"], env={"PATH": str(tool.parent)}))
        self.assertEqual(code, 1)
        self.assertIn("requires git, not found on PATH", self.log("ci"))

    def test_missing_working_directory_is_an_error(self) -> None:
        with self.assertRaisesRegex(ValueError, "expected a directory"):
            self.pipeline(Job("a", "true"), cwd=self.cwd / "none").run()


if __name__ == "__main__":
    unittest.main()
