"""The questions to the history, on small ones whose answers are known."""

from __future__ import annotations

import unittest

from lib.history import database, job_figures, past_runs, past_tests
from lib.history.job_figures import JobFigures
from lib.history.past_runs import JobRun
from lib.history.statistics import Tries
from tests.support.past import add_run
from tests.support.recorded import Recorded


class Asked(Recorded):
    def runs(self, job: str = "a", *, branch: str = "", limit: int = 100) -> list[JobRun]:
        with database.reading(self.path) as opened:
            assert opened
            chosen = past_runs.latest(opened, limit, branch=branch, job=job)
            return past_runs.jobs(opened, chosen, job=job).get(job, [])

    def outcomes(self, **asked: object) -> str:
        return " ".join(run.outcome for run in self.runs(**asked))  # type: ignore[arg-type]

    def figures(self) -> JobFigures:
        return job_figures.figures("a", self.runs())


class Runs(Asked):
    def test_newest_run_comes_first_whatever_order_they_were_written_in(self) -> None:
        for outcome, started in (("failed", 30.0), ("passed", 10.0), ("timed-out", 20.0)):
            add_run(self.path, f"a={outcome}", started=started)
        self.assertEqual(self.outcomes(), "failed timed out passed")

    def test_pass_after_a_failure_is_flaky_and_the_last_attempt_counts(self) -> None:
        add_run(self.path, "a=failed,timed-out,passed b=passed")
        (run,) = self.runs()
        self.assertEqual((run.outcome, run.attempts, run.failed), ("flaky", 3, 2))
        add_run(self.path, "a=failed,failed")
        self.assertEqual((self.runs()[0].outcome, self.runs()[0].failed), ("failed", 2))

    def test_branch_and_limit_choose_among_the_runs_of_the_job(self) -> None:
        add_run(self.path, "a=passed", branch="other")
        add_run(self.path, "a=failed")
        for _ in range(3):
            add_run(self.path, "b=passed")
        self.assertEqual(self.outcomes(), "failed passed")
        self.assertEqual(self.outcomes(limit=1), "failed")
        self.assertEqual(self.outcomes(branch="other"), "passed")
        self.assertEqual(self.outcomes(branch="none"), "")

    def test_rows_without_a_time_are_left_out(self) -> None:
        add_run(self.path, "a=passed", seconds=float("inf"))
        add_run(self.path, "a=failed")
        self.assertEqual(self.outcomes(), "failed")


class Figures(Asked):
    def test_rate_counts_passes_and_failures_only(self) -> None:
        for outcome in ("passed", "failed", "timed-out", "cancelled", "restored", "failed,passed"):
            add_run(self.path, f"a={outcome}")
        told = self.figures()
        self.assertEqual((told.runs, told.passed, told.pass_rate, told.flaky), (4, 2, 0.5, 1))

    def test_seconds_are_those_of_passes(self) -> None:
        for seconds in (1, 2, 3, 4):
            add_run(self.path, "a=passed", seconds=seconds)
        add_run(self.path, "a=failed", seconds=900)
        told = self.figures()
        self.assertEqual((told.median_seconds, told.p95_seconds), (2.5, 4))
        self.assertEqual(job_figures.recent(self.runs(), 3), [3, 4, None])

    def test_job_is_red_since_its_first_failure_after_its_last_pass(self) -> None:
        add_run(self.path, "a=failed", sha="b" * 40)
        add_run(self.path, "a=passed", sha="c" * 40)
        first = add_run(self.path, "a=failed", sha="d" * 40)
        add_run(self.path, "a=cancelled", sha="d" * 40)
        add_run(self.path, "a=timed-out", sha="e" * 40)
        told = self.figures()
        assert told.red_since
        self.assertEqual((told.red_since.run, told.red_runs), (first, 2))
        add_run(self.path, "a=failed,passed", sha="e" * 40)
        self.assertEqual((self.figures().red_since, self.figures().red_runs), (None, 0))

    def test_load_factor_compares_passes_alone_with_those_on_a_loaded_machine(self) -> None:
        for seconds, beside, pressure in (
            *((10, 0, 0.0), (12, 0, 5.0)),
            *((90, 4, 5.0), (90, None, 5.0)),  # neither alone nor loaded
            *((33, 4, 60.0), (33, 0, 20.0)),
        ):
            add_run(self.path, "a=passed", seconds=seconds, beside=beside, pressure=pressure)
        self.assertEqual(self.figures().load_factor, 3.0)

    def test_load_average_counts_where_there_is_no_pressure(self) -> None:
        add_run(self.path, "a=passed", pressure=None)
        (run,) = self.runs()
        self.assertIs(job_figures.loaded(run), False)
        self.assertIs(job_figures.loaded(run._replace(load=8.1)), True)
        self.assertIs(job_figures.loaded(run._replace(load=None)), None)


class Flaky(Asked):
    def of_tests(self, job: str = "") -> dict[tuple[str, str], Tries]:
        with database.reading(self.path) as opened:
            assert opened
            return past_tests.flaky(opened, past_runs.latest(opened, 100), job)

    def test_job_is_flaky_on_one_tree_not_over_several(self) -> None:
        add_run(self.path, "a=passed", sha="b" * 40)
        add_run(self.path, "a=failed", sha="c" * 40)
        self.assertEqual(job_figures.tries(self.runs()), Tries(2, 0, 1, 1))
        add_run(self.path, "a=failed", sha="b" * 40)
        self.assertEqual(job_figures.tries(self.runs()), Tries(2, 1, 1, 2))

    def test_tree_counts_before_the_commit_and_a_changed_one_is_only_its_own_run(self) -> None:
        add_run(self.path, "a=passed", tree="t1")
        add_run(self.path, "a=failed", tree="t2")
        add_run(self.path, "a=passed", dirty=True, tree=None)
        add_run(self.path, "a=failed", dirty=True, tree=None)
        self.assertEqual(job_figures.tries(self.runs()), Tries(4, 0, 2, 2))
        add_run(self.path, "a=failed", sha="f" * 40, tree="t1")
        self.assertEqual(job_figures.tries(self.runs()).flaky_trees, 1)

    def test_commit_stands_for_the_tree_only_if_it_is_known_to_be_unchanged(self) -> None:
        add_run(self.path, "a=failed", dirty=None, tests="a:x=failed")
        add_run(self.path, "a=passed", dirty=None, tests="a:x=passed")
        self.assertEqual(job_figures.tries(self.runs()), Tries(2, 0, 1, 1))
        self.assertEqual(self.of_tests(), {})
        add_run(self.path, "a=failed,passed", dirty=None)
        self.assertEqual(job_figures.tries(self.runs()).flaky_trees, 1)

    def test_job_that_was_cancelled_or_restored_was_not_tried(self) -> None:
        add_run(self.path, "a=cancelled")
        add_run(self.path, "a=restored")
        self.assertEqual(job_figures.tries(self.runs()), Tries(0, 0, 0, 0))

    def test_test_case_is_flaky_on_one_tree_or_by_its_own_retries(self) -> None:
        add_run(self.path, "a=passed", tests="a:x=passed a:y=passed a:z=flaky a:s=skipped")
        add_run(self.path, "a=failed", tests="a:x=failed a:y=passed b:x=failed a:s=failed")
        self.assertEqual(
            self.of_tests(), {("a", "x"): Tries(1, 1, 1, 1), ("a", "z"): Tries(1, 1, 1, 1)}
        )
        self.assertEqual(self.of_tests("b"), {})

    def test_tests_of_a_job_are_told_the_slowest_first_with_their_last_outcome(self) -> None:
        add_run(self.path, "a=failed", seconds=4, tests="a:x=failed a:y=passed")
        add_run(self.path, "a=passed", seconds=2, tests="a:x=passed a:s=skipped b:x=passed")
        with database.reading(self.path) as opened:
            assert opened
            told = past_tests.of_job(opened, past_runs.latest(opened, 100), "a")
        self.assertEqual(
            [tuple(test) for test in told], [("y", 1, 0, 4.0, "passed"), ("x", 2, 1, 3.0, "passed")]
        )


if __name__ == "__main__":
    unittest.main()
