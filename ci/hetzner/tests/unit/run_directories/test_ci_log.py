"""The story of a run by the lines of its log."""

from __future__ import annotations

import unittest

from lib.run_directories import ci_log
from lib.run_directories.ci_log import OUTCOMES
from tests.support.stored_runs import LOG


class Story(unittest.TestCase):
    def test_job_runs_from_its_start_to_its_end(self) -> None:
        lines = LOG.splitlines()
        running = [list(ci_log.read(lines[:count]).running) for count in range(len(lines) + 1)]
        self.assertEqual(running, [[], ["test"], [], ["test"], [], [], []])

    def test_verdict_is_that_of_the_last_line(self) -> None:
        story = ci_log.read(LOG.splitlines())
        self.assertEqual((story.exit_code, story.sentence), (1, "failed in 4 s: test"))
        self.assertEqual(ci_log.read(LOG.splitlines()[:-1]).sentence, "")

    def test_job_tells_its_attempt_and_whether_it_is_ready(self) -> None:
        lines = ["[23:59:58] START a (attempt 3)", "[23:59:59] READY a"]
        job = ci_log.read(lines).running["a"]
        self.assertEqual((job.attempt, job.ready), (3, True))

    def test_seconds_go_on_over_midnight(self) -> None:
        job = ci_log.read(["[23:59:58] START a"]).running["a"]
        self.assertEqual(job.seconds(5), 7)

    def test_each_outcome_ends_a_job(self) -> None:
        lines = {"PASS  a": "", "PASS  a  (restored)": "restored", "FAIL  a  (see x)": ""}
        lines |= {"CANCEL a (a signal)": "a signal", "SKIP  a (needs (b))": "needs (b)"}
        for line, reason in lines.items():
            story = ci_log.read(["[00:00:01] START a", f"[00:00:02] {line}"])
            ended = {"a": (OUTCOMES[line.split()[0]], 1, reason)}
            self.assertEqual((story.running, story.ended), ({}, ended), line)

    def test_failure_has_its_reason_and_a_second_pass_counts(self) -> None:
        lines = ["PASS  a", "START a", "FAIL  a  (see x)", "CAUSE a: exit code 3", "CAUSE b: x"]
        story = ci_log.read(f"[00:00:01] {line}" for line in lines)
        self.assertEqual(story.ended, {"a": ("failed", 2, "exit code 3")})

    def test_lines_of_other_forms_are_left_out(self) -> None:
        lines = ["", "START a", "[1:2:3] START a", "[00:00:00] STARTED a", "[00:00:00] START "]
        lines += ["[00:00:00] END   exit code 99999: x", "[00:00:00] READY b"]
        self.assertEqual(ci_log.read(lines), ci_log.read(()))


if __name__ == "__main__":
    unittest.main()
