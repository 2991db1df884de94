"""Rules of runs that end early: by fast_fail, a signal, or the time of a job or of the run."""

from __future__ import annotations

import unittest
from collections.abc import Sequence

from lib.model import events
from lib.model.job import Job
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.rule_case import NEVER, RuleTest


class Timeouts(RuleTest):
    def test_timeout_is_per_attempt_and_told_at_the_term(self) -> None:
        played = play(jobs("a", a={"timeout": 2}), {"a": Fate(NEVER, ignores_term=True)})
        self.check(played, "a=timed out", 1)
        self.assertEqual(played.of(events.TimedOut)[0].at, 2)
        self.assertEqual(played.scheduler.results["a"].ended, 7)

    def test_exit_code_zero_after_the_timeout_is_still_timed_out(self) -> None:
        late = Fate(2.0005, code=0)
        self.check(play(jobs("a", a={"timeout": 2}), {"a": late}), "a=timed out", 1)

    def test_run_timeout_cancels_running_and_waiting_jobs_and_ends_with_124(self) -> None:
        played = play(jobs("a; b<a; c"), {"a": Fate(99)}, timeout=10)
        self.check(played, "a=cancelled b=cancelled c=passed", 124)
        self.assertEqual(played.of(events.Interrupted)[0].running, ("a",))

    def test_run_that_ends_as_its_time_is_up_is_green(self) -> None:
        played = play(jobs("a"), {"a": Fate(10)}, timeout=10)
        self.check(played, "a=passed", 0)
        self.assertEqual(played.of(events.Interrupted), [])

    def test_always_does_not_run_after_the_runs_timeout(self) -> None:
        played = play(jobs("a; z<a", z={"when": "always"}), {"a": Fate(99)}, timeout=10)
        self.check(played, "a=cancelled z=cancelled", 124)


class FastFail(RuleTest):
    def critical(self) -> list[Job]:
        return jobs("a; b; c<b; z<b", a={"fast_fail": True}, z={"when": "always"})

    def test_failure_of_a_critical_job_ends_the_run(self) -> None:
        played = play(self.critical(), {"a": Fate(1, code=1), "b": Fate(50)}, fast_fail=True)
        self.check(played, "a=failed b=cancelled c=cancelled z=passed", 1)
        self.assertLess(played.events[-1].at, 10)

    def test_second_failure_of_a_critical_job_is_told_of_no_more(self) -> None:
        declared = jobs("a; b", a={"fast_fail": True}, b={"fast_fail": True, "when": "always"})
        played = play(declared, {"b": Fate(9, code=1)}, fails="a", fast_fail=True)
        self.check(played, "a=failed b=failed", 1)
        self.assertEqual(len(played.of(events.FastFail)), 1)

    def test_without_fast_fail_the_rest_runs_on(self) -> None:
        played = play(self.critical(), fails="a")
        self.check(played, "a=failed b=passed c=passed z=passed", 1)

    def test_failure_of_an_uncritical_job_does_not_end_the_run(self) -> None:
        played = play(self.critical(), fails="b", fast_fail=True)
        self.check(played, "a=passed b=failed c=skipped z=passed", 1)

    def test_flaky_critical_job_does_not_end_the_run(self) -> None:
        played = play(
            jobs("a; b", a={"fast_fail": True, "retries": 1}),
            {"a": [Fate(code=1), Fate()]},
            fast_fail=True,
        )
        self.check(played, "a=flaky b=passed", 0)

    def test_output_of_a_job_that_always_runs_starts_no_cancelled_user(self) -> None:
        declared = jobs(
            "x; a; b<a:o",
            x={"fast_fail": True},
            a={"when": "always", "outputs": {"o": "o"}, "retries": 1},
        )
        writes = Fate(9, writes={"o": 5})
        played = play(declared, {"x": Fate(2, code=1), "a": writes}, fast_fail=True)
        self.check(played, "x=failed a=passed b=cancelled", 1)

    def test_retry_of_a_job_that_always_runs_leaves_a_cancelled_user_alone(self) -> None:
        declared = jobs(
            "x; c; a; b<a:o",
            x={"fast_fail": True},
            c={"when": "always", "resources": {"r": 1}},
            a={"when": "always", "outputs": {"o": "o"}, "retries": 1},
            b={"resources": {"r": 1}},
        )
        fates: dict[str, Fate | Sequence[Fate]] = {
            "x": Fate(5, code=1),
            "c": Fate(50),
            "a": [Fate(9, code=1, writes={"o": 1}), Fate()],
        }
        played = play(declared, fates, fast_fail=True)
        self.check(played, "x=failed c=passed a=flaky b=cancelled", 1)


class Interrupts(RuleTest):
    def test_signal_cancels_everything_and_gives_128_plus_n(self) -> None:
        played = play(jobs("a; b<a; z<a", z={"when": "always"}), {"a": Fate(9)}, signals=[(3, 15)])
        self.check(played, "a=cancelled b=cancelled z=cancelled", 143)

    def test_interrupted_run_is_never_green_though_its_children_exit_zero(self) -> None:
        played = play(jobs("a"), {"a": Fate(3.0005)}, signals=[(3, 2)])
        self.check(played, "a=cancelled", 130)

    def test_second_signal_kills_at_once(self) -> None:
        fates = {"a": Fate(NEVER, ignores_term=True)}
        played = play(jobs("a"), fates, signals=[(3, 2), (4, 2)])
        self.check(played, "a=cancelled", 130)
        self.assertEqual(played.events[-1].at, 4)

    def test_interrupt_during_a_stop_keeps_the_outcome_that_was_decided(self) -> None:
        fates = {"a": Fate(NEVER, ignores_term=True), "b": Fate(20)}
        played = play(jobs("a; b", a={"timeout": 2}), fates, signals=[(3, 15)])
        self.check(played, "a=timed out b=cancelled", 143)

    def test_no_step_starts_when_the_leftovers_of_the_one_before_are_gone_after_a_signal(
        self,
    ) -> None:
        lingers = Fate(cache_seconds=1, cache_leaves=NEVER, ignores_term=True)
        played = play(jobs("a", a={"cache": CACHED}), {"a": lingers}, signals=[(2, 15)])
        self.check(played, "a=cancelled", 143)
        self.assertEqual(played.executor.steps, [("a", "restore")])

    def test_allowed_failure_of_a_critical_job_ends_no_run(self) -> None:
        critical = {"fast_fail": True, "allow_failure": True}
        played = play(jobs("a; b", a=critical), {"b": Fate(9)}, fails="a", fast_fail=True)
        self.check(played, "a=failed b=passed", 0)

    def test_critical_job_that_ends_after_a_signal_tells_of_no_fast_fail(self) -> None:
        critical = jobs("a; b", a={"fast_fail": True, "timeout": 2})
        fates = {"a": Fate(NEVER, ignores_term=True), "b": Fate(9)}
        played = play(critical, fates, fast_fail=True, signals=[(3, 15)])
        self.check(played, "a=timed out b=cancelled", 143)
        self.assertEqual(played.of(events.FastFail), [])

    def test_timeout_of_a_run_that_a_signal_has_cut_off_is_not_told(self) -> None:
        lingers = Fate(NEVER, ignores_term=True)
        played = play(jobs("a"), {"a": lingers}, signals=[(2, 15)], timeout=4)
        self.check(played, "a=cancelled", 143)
        self.assertEqual(len(played.of(events.Interrupted)), 1)


if __name__ == "__main__":
    unittest.main()
