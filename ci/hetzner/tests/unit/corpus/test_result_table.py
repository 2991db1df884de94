"""The change of each outcome since the last round, and the end of a corpus."""

from __future__ import annotations

import unittest

from lib.corpus import left_behind, result_table
from lib.corpus.commits import Commit
from lib.corpus.corpus_file import PASSES
from lib.corpus.ended_run import EndedRun

COMMIT = Commit("c", "x", "", "", PASSES)
FAILS = Commit("c", "x", "", "", {"*": ("failed",)})


def run(found: str, *, runner: str = "1", sha: str = "x") -> EndedRun:
    code = int(found not in ("passed", "flaky", "restored"))
    return EndedRun("c", sha, (), runner=runner, exit_code=code, jobs={"a": found})


def change(now: EndedRun | None, before: EndedRun | None, commit: Commit = COMMIT) -> str:
    return " ".join(
        f"{row.job}:{change}" for row, change in result_table.compared(commit, now, before)
    )


class Changes(unittest.TestCase):
    def test_first_time(self) -> None:
        self.assertEqual(change(run("failed"), None), "a:first")

    def test_other_outcome_of_another_runner_is_new_or_fixed(self) -> None:
        self.assertEqual(change(run("failed", runner="2"), run("passed")), "a:new")
        self.assertEqual(change(run("passed", runner="2"), run("failed")), "a:fixed")

    def test_other_outcome_of_another_commit_is_new_or_fixed(self) -> None:
        self.assertEqual(change(run("failed", sha="y"), run("passed")), "a:new")
        self.assertEqual(change(run("passed", sha="y"), run("failed")), "a:fixed")

    def test_right_and_wrong_are_those_of_the_file(self) -> None:
        self.assertEqual(change(run("failed", runner="2"), run("passed"), FAILS), "a:fixed")

    def test_other_outcome_of_the_same_runner_on_the_same_commit_is_flaky(self) -> None:
        self.assertEqual(change(run("failed"), run("passed")), "a:flaky")
        self.assertEqual(change(run("passed"), run("failed")), "a:flaky")

    def test_job_that_passed_on_a_later_attempt_is_flaky(self) -> None:
        self.assertEqual(change(run("flaky"), run("flaky")), "a:flaky")
        self.assertEqual(change(run("flaky"), None), "a:flaky")

    def test_pass_that_was_restored_is_the_same(self) -> None:
        self.assertEqual(change(run("restored"), run("passed")), "a:same")

    def test_run_that_did_not_happen(self) -> None:
        lost = run("passed")._replace(problem="no answer")
        self.assertEqual(change(lost, run("passed")), "(run):new")
        self.assertEqual(change(lost, lost), "(run):same")
        self.assertEqual(change(run("passed"), lost), "a:fixed")
        self.assertEqual(change(run("failed"), lost), "a:new")

    def test_job_that_is_new_has_nothing_to_be_compared_with(self) -> None:
        more = run("passed")._replace(jobs={"a": "passed", "b": "passed"})
        self.assertEqual(change(more, run("passed")), "a:same b:first")


class Green(unittest.TestCase):
    def test_is_earned_by_each_commit(self) -> None:
        rows = result_table.compared(COMMIT, run("passed"), None)
        self.assertTrue(result_table.green([COMMIT], rows))
        self.assertFalse(result_table.green([COMMIT, COMMIT._replace(name="d")], rows))
        self.assertFalse(result_table.green([COMMIT], []))
        self.assertFalse(result_table.green([], rows))
        red = result_table.compared(COMMIT, run("failed"), None)
        self.assertFalse(result_table.green([COMMIT], red))

    def test_sentence_counts(self) -> None:
        rows = [
            *result_table.compared(COMMIT, run("failed", runner="2"), run("passed")),
            *result_table.compared(COMMIT._replace(name="d"), run("flaky"), run("passed")),
        ]
        self.assertEqual(
            result_table.sentence(rows), "2 commits, 2 outcomes: 1 wrong, 1 new, 1 flaky"
        )


class Leaks(unittest.TestCase):
    def test_entries_that_each_run_after_the_first_adds_to(self) -> None:
        grows = [{"tmp_entries": 1, "shm_entries": n} for n in (3, 4, 5)]
        self.assertEqual(left_behind.leaks(grows), ["shm_entries"])
        self.assertEqual(left_behind.leaks(grows[:2]), [])
        self.assertEqual(left_behind.leaks([*grows, {"shm_entries": 5}]), [])

    def test_differences_for_people(self) -> None:
        first = {"processes": 5, "shm_bytes": 4000, "sockets": 1, "disk_free_bytes": 7}
        after = left_behind.growth("c", first, {"processes": 7, "shm_bytes": 0, "sockets": 1})
        cells = [after.cell(name) for name in ("processes", "shm_bytes", "sockets", "descriptors")]
        self.assertEqual(cells, ["+2", "-4.0 kB", "0", ""])


if __name__ == "__main__":
    unittest.main()
