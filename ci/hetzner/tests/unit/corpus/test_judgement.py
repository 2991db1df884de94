"""Green is earned: what a run found, beside what is expected of its jobs."""

from __future__ import annotations

import json
import unittest

from lib.corpus import judgement
from lib.corpus.commits import Commit
from lib.corpus.corpus_file import PASSES
from lib.corpus.ended_run import EndedRun, with_answer

SHA = "a" * 40


def commit(**expect: str) -> Commit:
    return Commit("c", SHA, "", "", {job: (found,) for job, found in expect.items()} or PASSES)


def run(code: int = 0, *asked: str, **jobs: str) -> EndedRun:
    return EndedRun("c", SHA, asked, exit_code=code, jobs=jobs)


def wrong(of: Commit, ended: EndedRun | None) -> list[str]:
    return [f"{row.job} {row.found}" for row in judgement.rows(of, ended) if row.wrong]


class Rows(unittest.TestCase):
    def test_job_that_passed_flaky_or_restored_has_passed(self) -> None:
        self.assertEqual(wrong(commit(), run(a="passed", b="flaky", c="restored")), [])

    def test_other_outcome_than_expected_is_wrong(self) -> None:
        self.assertEqual(wrong(commit(), run(1, a="failed", b="passed")), ["a failed"])
        self.assertEqual(wrong(commit(a="failed"), run(a="passed")), ["a passed"])
        self.assertEqual(wrong(commit(a="failed"), run(1, a="timed out")), ["a timed out"])

    def test_failure_that_is_expected_is_right(self) -> None:
        self.assertEqual(
            wrong(commit(a="failed", b="skipped"), run(1, a="failed", b="skipped")), []
        )

    def test_run_that_did_not_happen_is_wrong(self) -> None:
        self.assertEqual(wrong(commit(), None), ["(run) not run"])
        self.assertEqual(
            wrong(commit(), run(a="passed")._replace(problem="no answer")), ["(run) no answer"]
        )

    def test_exit_code_that_is_not_that_of_the_jobs_is_wrong(self) -> None:
        for code in (1, 2, 4, 124):
            self.assertEqual(wrong(commit(), run(code, a="passed")), [f"(run) exit code {code}: "])
        self.assertEqual(wrong(commit(a="failed"), run(0, a="failed")), ["(run) exit code 0: "])

    def test_failure_that_is_allowed_keeps_a_run_green(self) -> None:
        ended = run(0, a="failed", b="passed")._replace(allowed=("a",))
        self.assertEqual(wrong(commit(a="failed", b="passed"), ended), [])

    def test_job_that_is_expected_and_did_not_run_is_wrong(self) -> None:
        expected = commit(**{"*": "passed", "b": "failed", "test-*": "failed"})
        self.assertEqual(wrong(expected, run(a="passed")), ["b not run", "test-* not run"])

    def test_job_that_was_not_asked_for_is_not_judged(self) -> None:
        expected = commit(**{"*": "passed", "b": "failed"})
        for word in ("--only-jobs", "--only-jobs=a", "--skip"):
            rows = judgement.rows(expected, run(0, word, "a", a="passed"))
            self.assertEqual([(row.job, row.right) for row in rows], [("a", True), ("b", None)])

    def test_run_that_shows_nothing_of_what_is_expected_is_wrong(self) -> None:
        ended = run(0, "--only-jobs", a="passed")
        self.assertEqual(wrong(commit(b="failed"), ended), ["(run) none that is expected"])


class Alike(unittest.TestCase):
    def test_run_of_another_commit_or_runner_or_with_other_flags_does_not_stand_for_this(
        self,
    ) -> None:
        this = EndedRun("c", SHA, ("--only", "a"), runner="1")
        self.assertTrue(this.alike(this._replace(exit_code=0, seconds=3.0)))
        self.assertFalse(this.alike(this._replace(sha="b" * 40)))
        self.assertFalse(this.alike(this._replace(asked=())))
        self.assertFalse(this.alike(this._replace(runner="2")))


class Answers(unittest.TestCase):
    def answered(self, code: int | None, **fields: object) -> EndedRun:
        return with_answer(EndedRun("c", SHA, ()), code, f"noise\n{json.dumps(fields)}\n")

    def test_jobs_and_exit_code_of_an_answer(self) -> None:
        jobs = [{"name": "a", "outcome": "failed", "allowed_to_fail": True}, {"name": "b"}]
        ended = self.answered(0, exit_code=0, jobs=jobs, sha=SHA, run="r", sentence="s")
        self.assertEqual(ended.problem, "")
        self.assertEqual(ended.jobs, {"a": "failed", "b": "unfinished"})
        self.assertEqual((ended.exit_code, ended.allowed, ended.run), (0, ("a",), "r"))

    def test_without_an_answer_the_run_has_a_problem(self) -> None:
        for text in ("", "{}", "[]", '{"jobs": 3}', "green!", '{"exit_code": 0, "jobs": [}'):
            ended = with_answer(EndedRun("c", SHA, ()), 0, text)
            self.assertIn("no answer", ended.problem, text)

    def test_other_exit_code_than_that_of_the_answer_is_a_problem(self) -> None:
        jobs = [{"name": "a", "outcome": "passed"}]
        self.assertIn("found 137", self.answered(137, exit_code=0, jobs=jobs).problem)
        self.assertIn("None, found 0", self.answered(0, jobs=jobs).problem)

    def test_run_that_a_signal_has_ended_did_not_happen(self) -> None:
        jobs = [{"name": "a", "outcome": "cancelled"}]
        self.assertIn("cut off", self.answered(143, exit_code=143, jobs=jobs).problem)

    def test_texts_of_another_program_are_bounded(self) -> None:
        jobs = [{"name": "a" * 9999, "outcome": "b" * 9999}]
        ended = self.answered(0, exit_code=0, jobs=jobs, sentence="s" * 9999, run="r" * 9999)
        self.assertLess(len(repr(ended)), 1500)

    def test_answer_on_another_commit_is_a_problem(self) -> None:
        jobs = [{"name": "a", "outcome": "passed"}]
        other = "b" * 40
        self.assertIn(other, self.answered(0, exit_code=0, jobs=jobs, sha=other).problem)

    def test_run_of_a_part_or_of_another_tree_does_not_speak_for_its_commit(self) -> None:
        jobs = [{"name": "a", "outcome": "passed"}]
        for told, speaks in (
            ({}, True),  # another runner tells nothing of this
            ({"asked_for_all": None, "in_place": False, "dirty": None}, True),
            ({"asked_for_all": True, "whole": False}, True),  # a tool of a job is missing
            ({"asked_for_all": False}, False),
            ({"asked_for_all": True, "in_place": True}, False),
            ({"asked_for_all": True, "dirty": True}, False),
        ):
            ended = self.answered(0, exit_code=0, jobs=jobs, **told)
            self.assertEqual(ended.speaks_for_commit, speaks, told)

    def test_run_that_was_asked_to_leave_out_jobs_does_not_speak_for_its_commit(self) -> None:
        self.assertTrue(EndedRun("c", SHA, ("--fast-fail",)).speaks_for_commit)
        self.assertFalse(EndedRun("c", SHA, ("--skip=a",)).speaks_for_commit)

    def test_answer_without_a_job_is_a_problem(self) -> None:
        self.assertIn("no job", self.answered(0, exit_code=0, jobs=[]).problem)
        self.assertIn("no job", self.answered(0, exit_code=0, jobs=[3, {"name": ""}]).problem)


if __name__ == "__main__":
    unittest.main()
