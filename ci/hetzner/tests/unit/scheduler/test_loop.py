"""The rules of a run, each by name, played with a fake executor and clock."""

from __future__ import annotations

import math
import unittest
from typing import Any
from unittest import mock

from lib.common.signal_names import ASKED
from lib.model import events, phases
from lib.model.job import Job
from lib.model.result import Outcome
from lib.model.run_plan import Limits, RunPlan
from lib.model.verdict import decide
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import NO_KEY, UNUSABLE
from tests.support.fakes import FakeClock, FakeExecutor, Fate, Played, jobs, play

NEVER = math.inf


class Dummy:
    def to_json(self) -> str:
        return "{}"

    def place(self, cwd: str) -> str:
        return ""


class RuleTest(unittest.TestCase):
    def check(self, played: Played, outcomes: str, code: int) -> None:
        self.assertEqual((played.outcomes(), played.code), (outcomes, code))


class Dependencies(RuleTest):
    def test_failure_skips_dependents_all_the_way_down(self) -> None:
        played = play(jobs("a; b<a; c<b; d"), fails="a")
        self.check(played, "a=failed b=skipped c=skipped d=passed", 1)

    def test_each_skip_names_the_job_at_fault(self) -> None:
        results = play(jobs("a; b<a; c<b"), fails="a").scheduler.results
        self.assertEqual(results["c"].reason, "dependency failed: a")
        self.assertEqual(results["b"].reason, "dependency failed: a")

    def test_dependents_do_not_run_after_their_dependency_failed(self) -> None:
        self.assertEqual(play(jobs("a; b<a; c<b"), fails="a").executor.started, ["a"])

    def test_a_job_starts_when_all_it_needs_has_passed(self) -> None:
        played = play(jobs("a; b; c<a,b"), {"a": Fate(2), "b": Fate(5)})
        self.assertEqual(played.scheduler.results["c"].started, 5)
        self.assertEqual(played.scheduler.results["c"].waited_for, "b")

    def test_no_job_runs_twice(self) -> None:
        played = play(jobs("a; b<a; c<a; d<b,c"), first_jobs=["c"])
        self.assertEqual(sorted(played.executor.started), ["a", "b", "c", "d"])

    def test_allow_failure_lets_dependents_run_and_the_run_be_green(self) -> None:
        played = play(jobs("a; b<a", a={"allow_failure": True}), fails="a")
        self.check(played, "a=failed b=passed", 0)

    def test_missing_output_of_an_allowed_failure_skips_its_dependents(self) -> None:
        declared = jobs("a; b<a:o; c<a", a={"allow_failure": True, "outputs": {"o": "o"}})
        played = play(declared, {"a": Fate(code=1, writes={})})
        self.check(played, "a=failed b=skipped c=passed", 1)
        self.assertIn("did not write its output o", played.scheduler.results["b"].reason)

    def test_written_output_of_an_allowed_failure_starts_its_dependents(self) -> None:
        declared = jobs("a; b<a:o", a={"allow_failure": True, "outputs": {"o": "o"}})
        played = play(declared, {"a": Fate(9, code=1, writes={"o": 2})})
        self.check(played, "a=failed b=passed", 0)

    def test_always_runs_after_a_failure_and_after_a_skip(self) -> None:
        played = play(jobs("a; b<a; z<a,b", z={"when": "always"}), fails="a")
        self.check(played, "a=failed b=skipped z=passed", 1)

    def test_delay_counts_from_ready(self) -> None:
        played = play(jobs("a; b<a", b={"delay": 3}), {"a": Fate(2)})
        self.assertEqual(played.scheduler.results["b"].started, 5)

    def test_a_job_that_cannot_start_has_failed_and_says_why(self) -> None:
        played = play(jobs("a; b<a"), {"a": Fate(unstartable="no bash")})
        self.check(played, "a=failed b=skipped", 1)
        self.assertEqual(played.scheduler.results["a"].reason, "no bash")

    def test_unmet_requirement_fails_by_name_and_nothing_starts(self) -> None:
        played = play(jobs("a; b; c<b"), refused={"b": "requires cargo"})
        self.check(played, "a=cancelled b=failed c=cancelled", 1)
        self.assertEqual(played.executor.started, [])

    def test_a_run_that_starts_nothing_is_red_though_its_jobs_are_allowed_to_fail(self) -> None:
        declared = jobs("a; b", a={"allow_failure": True}, b={"allow_failure": True})
        played = play(declared, refused={"a": "requires cargo", "b": "requires cargo"})
        self.check(played, "a=failed b=failed", 1)
        text = "failed in 0 s: nothing was started: a, b cannot run"
        self.assertEqual(decide(played.scheduler.facts()).sentence, text)


class SlowViews(RuleTest):
    """A view that takes seconds for an event holds up the loop: what has ended is late."""

    def played(self, clock: FakeClock, executor: FakeExecutor, limits: Limits) -> Scheduler:
        def slow(event: events.Event) -> None:
            if isinstance(event, events.Asked):
                clock.time += 60

        declared = jobs("a; b", a={"timeout": 10})
        scheduler = Scheduler(
            RunPlan(phases.build(declared, ["a", "b"]), limits), executor, clock, slow
        )
        self.code = scheduler.run()
        return scheduler

    def test_do_not_make_timed_out_of_a_job_that_has_ended(self) -> None:
        clock = FakeClock()
        executor = FakeExecutor(clock, {"a": Fate(5), "b": Fate(4)}, signals=[(3, ASKED)])
        self.assertEqual(self.played(clock, executor, Limits()).results["a"].reason, "")
        self.assertEqual(self.code, 0)

    def test_do_not_make_a_run_that_has_ended_one_out_of_time(self) -> None:
        clock = FakeClock()
        executor = FakeExecutor(clock, {"a": Fate(5), "b": Fate(5)}, signals=[(3, ASKED)], lump=1)
        self.played(clock, executor, Limits(timeout=20))
        self.assertEqual(self.code, 0)

    def test_give_a_job_that_goes_on_no_more_time_than_a_look(self) -> None:
        clock = FakeClock()
        executor = FakeExecutor(clock, {"a": Fate(99)}, signals=[(3, ASKED)])
        result = self.played(clock, executor, Limits()).results["a"]
        self.assertEqual(result.outcome, Outcome.TIMED_OUT)
        self.assertLess(result.ended or math.inf, 64)


class Codes(RuleTest):
    def test_five_is_no_tests_collected_and_passes(self) -> None:
        self.check(play(jobs("a"), {"a": Fate(code=5)}), "a=passed", 0)

    def test_five_fails_where_only_zero_is_ok(self) -> None:
        played = play(jobs("a", a={"ok_codes": (0,)}), {"a": Fate(code=5)})
        self.check(played, "a=failed", 1)
        self.assertEqual(played.scheduler.results["a"].reason, "exit code 5")

    def test_signal_death_fails_by_the_signals_name(self) -> None:
        played = play(jobs("a"), {"a": Fate(code=-9)})
        self.assertEqual(played.scheduler.results["a"].reason, "killed by SIGKILL")


class Outputs(RuleTest):
    def test_exit_zero_without_the_promised_output_has_failed(self) -> None:
        played = play(jobs("a", a={"outputs": {"o": "out/x"}}), {"a": Fate(writes={})})
        self.check(played, "a=failed", 1)
        self.assertIn("did not write its output o (out/x)", played.scheduler.results["a"].reason)

    def test_output_edge_starts_a_dependent_while_the_producer_runs(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}})
        played = play(declared, {"a": Fate(10, writes={"o": 4})})
        self.assertEqual(played.scheduler.results["b"].started, 4)
        self.assertEqual(played.code, 0)

    def test_output_edge_is_met_at_the_latest_when_the_producer_passed(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}})
        self.assertEqual(play(declared, {"a": Fate(3)}).scheduler.results["b"].started, 3)

    def test_failed_producer_skips_those_that_its_output_had_not_started(self) -> None:
        declared = jobs("a; s; b<a:o,s", a={"outputs": {"o": "o"}})
        played = play(declared, {"a": Fate(2, code=1, writes={"o": 1}), "s": Fate(5)})
        self.check(played, "a=failed s=passed b=skipped", 1)

    def test_an_output_of_a_failed_attempt_does_not_count_for_the_next(self) -> None:
        declared = jobs("a; s; b<a:o,s", a={"outputs": {"o": "o"}, "retries": 1})
        first, second = Fate(2, code=1, writes={"o": 1}), Fate(6, writes={"o": 5})
        played = play(declared, {"a": [first, second], "s": Fate(3)})
        self.assertEqual(played.scheduler.results["b"].started, 7)


class Retries(RuleTest):
    def test_passed_on_a_later_attempt_is_flaky_and_green(self) -> None:
        played = play(jobs("a; b<a", a={"retries": 2}), {"a": [Fate(code=1), Fate()]})
        self.check(played, "a=flaky b=passed", 0)
        self.assertEqual(len(played.scheduler.results["a"].attempts), 2)

    def test_failure_of_every_attempt_is_a_failure(self) -> None:
        played = play(jobs("a", a={"retries": 2}), fails="a")
        self.check(played, "a=failed", 1)
        self.assertEqual(played.executor.started, ["a"] * 3)

    def test_timed_out_attempt_is_tried_again(self) -> None:
        played = play(jobs("a", a={"retries": 1, "timeout": 2}), {"a": [Fate(NEVER), Fate(1)]})
        self.check(played, "a=flaky", 0)


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


class Leaks(RuleTest):
    def test_leftovers_are_reported_and_stopped_before_dependents_start(self) -> None:
        played = play(jobs("a; b<a"), {"a": Fate(1, leaves=NEVER, ignores_term=True)})
        self.check(played, "a=passed b=passed", 0)
        self.assertEqual(played.of(events.Leaked)[0].job, "a")
        self.assertEqual(played.scheduler.results["b"].started, 6)

    def test_output_that_a_leftover_process_removed_fails_the_job_and_is_not_stored(self) -> None:
        promise = {"outputs": {"o": "out/x"}}
        for fields in (promise, {**promise, "cache": Dummy()}):
            declared = jobs("a; b<a", a=fields)
            played = play(declared, {"a": Fate(1, leaves=NEVER, removes=("o",))})
            self.check(played, "a=failed b=skipped", 1)
            reason = played.scheduler.results["a"].reason
            self.assertEqual(reason, "a process that it left removed its output o (out/x)")
            self.assertNotIn(("a", "store"), played.executor.steps)

    def test_service_may_remove_its_outputs_when_it_is_stopped(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"o": "socket"}})
        played = play(declared, {"s": Fate(1, leaves=NEVER, removes=("o",))})
        self.check(played, "s=passed t=passed", 0)

    def test_leak_of_a_failed_attempt_is_stopped_before_the_next(self) -> None:
        fates = {"a": [Fate(1, code=1, leaves=NEVER), Fate(1)]}
        self.check(play(jobs("a", a={"retries": 1}), fates), "a=flaky", 0)


class Services(RuleTest):
    def served(self, **fields: Any) -> list[Job]:
        return jobs("s; t<s; u<s", s={"service": True, "outputs": {"url": "u"}, **fields})

    def test_dependents_start_when_it_is_ready_and_it_lives_until_the_last_ended(self) -> None:
        fates = {"s": Fate(NEVER, writes={"url": 4}), "t": Fate(3), "u": Fate(8)}
        played = play(self.served(), fates)
        self.check(played, "s=passed t=passed u=passed", 0)
        self.assertEqual(played.scheduler.results["t"].started, 4)
        ended = played.scheduler.results["s"].ended
        assert ended is not None
        self.assertAlmostEqual(ended, 12, delta=0.1)

    def test_without_outputs_it_is_ready_when_its_body_exits_zero(self) -> None:
        played = play(jobs("s; t<s", s={"service": True}), {"s": Fate(2, leaves=NEVER)})
        self.check(played, "s=passed t=passed", 0)
        self.assertEqual(played.scheduler.results["t"].started, 2)
        self.assertEqual(played.of(events.Leaked), [])

    def test_timeout_is_the_time_to_get_ready(self) -> None:
        fates = {"s": Fate(NEVER, writes={"url": 4}), "t": Fate(30), "u": Fate(1)}
        self.check(play(self.served(timeout=5), fates), "s=passed t=passed u=passed", 0)
        fates["s"] = Fate(NEVER, writes={})
        self.check(play(self.served(timeout=5), fates), "s=timed out t=skipped u=skipped", 1)

    def test_foreground_body_failing_while_needed_is_a_failure_that_names_it(self) -> None:
        fates = {"s": Fate(6, code=3, writes={"url": 1}), "t": Fate(20), "u": Fate(1)}
        played = play(self.served(), fates)
        self.check(played, "s=failed t=passed u=passed", 1)
        self.assertEqual(
            played.scheduler.results["s"].reason, "exit code 3 while t still needed it"
        )

    def test_whole_tree_gone_while_needed_is_a_failure(self) -> None:
        fates = {"s": Fate(1, leaves=3), "t": Fate(20)}
        played = play(jobs("s; t<s", s={"service": True}), fates)
        self.check(played, "s=failed t=passed", 1)
        self.assertIn("gone while t still needed it", played.scheduler.results["s"].reason)

    def test_tree_gone_before_ready_is_a_failure(self) -> None:
        fates = {"s": Fate(1, leaves=3, writes={})}
        self.check(play(self.served(), fates), "s=failed t=skipped u=skipped", 1)

    def test_body_that_exits_zero_and_leaves_nothing_is_an_ordinary_job(self) -> None:
        self.check(play(self.served(), {}), "s=passed t=passed u=passed", 0)

    def test_service_that_no_job_needs_is_stopped_once_ready(self) -> None:
        played = play(self.served(), {"s": Fate(NEVER, writes={"url": 4})}, only=["s"])
        self.check(played, "s=passed", 0)

    def test_it_frees_its_slot_for_those_that_it_serves(self) -> None:
        played = play(self.served(), {"s": Fate(NEVER, writes={"url": 1})}, max_parallel=1)
        self.check(played, "s=passed t=passed u=passed", 0)

    def test_users_that_their_service_keeps_from_starting_fail_by_name(self) -> None:
        declared = jobs(
            "s; t<s",
            s={"service": True, "outputs": {"url": "u"}, "resources": {"port:1": 1}},
            t={"resources": {"port:1": 1}},
        )
        played = play(declared, {"s": Fate(NEVER, writes={"url": 1})})
        self.check(played, "s=passed t=failed", 1)
        self.assertIn("port:1 is held by s", played.scheduler.results["t"].reason)

    def test_it_lives_on_for_the_unfiltered_phase(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"u": "u"}, "testcases": False})
        played = play(declared, {"s": Fate(NEVER, writes={"u": 1})}, first_testcases="x")
        self.assertEqual(played.executor.started, ["s", "t", "t#2"])
        self.check(played, "s=passed t=passed", 0)

    def test_service_that_ends_with_0_while_it_is_needed_has_failed(self) -> None:
        declared = jobs("s; a<s", s={"service": True, "outputs": {"up": "up"}})
        fates = {"s": Fate(2, writes={"up": 1}), "a": Fate(9)}
        played = play(declared, fates)
        self.check(played, "s=failed a=passed", 1)
        self.assertIn("gone while a still needed it", played.scheduler.results["s"].reason)

    def test_service_that_ends_with_0_before_it_is_ready_is_an_ordinary_job(self) -> None:
        declared = jobs("s; a<s", s={"service": True, "outputs": {"up": "up"}})
        for fate in (Fate(2), Fate(2, writes={"up": 1.99})):  # writing may be its last act
            played = play(declared, {"s": fate, "a": Fate(9)})
            self.check(played, "s=passed a=passed", 0)

    def test_serving_service_is_cancelled_by_a_signal(self) -> None:
        played = play(
            self.served(), {"s": Fate(NEVER, writes={"url": 1}), "t": Fate(9)}, signals=[(4, 15)]
        )
        self.check(played, "s=cancelled t=cancelled u=passed", 143)


class Pools(RuleTest):
    def test_a_name_without_a_pool_is_a_mutex(self) -> None:
        each = {"resources": {"port:1": 1}}
        self.assertEqual(play(jobs("a; b; c", a=each, b=each, c=each)).executor.most, 1)

    def test_pools_are_never_exceeded_and_small_jobs_pass_a_big_one(self) -> None:
        declared = jobs(
            "a; b; c",
            a={"resources": {"cpu": 3}},
            b={"resources": {"cpu": 2}},
            c={"resources": {"cpu": 1}},
        )
        results = play(declared, pools={"cpu": 4}).scheduler.results
        self.assertEqual([results[n].started for n in "abc"], [0, 1, 0])
        self.assertEqual(results["b"].waited_for, "cpu")

    def test_max_parallel_bounds_the_jobs_at_once(self) -> None:
        self.assertEqual(play(jobs("a; b; c; d"), max_parallel=2).executor.most, 2)

    def test_longest_remaining_path_starts_first_when_slots_are_short(self) -> None:
        declared = jobs("a; b; c<b; d<c")
        played = play(declared, max_parallel=1, durations={"a": 2, "b": 1, "c": 1, "d": 1})
        self.assertEqual(played.executor.started, ["b", "a", "c", "d"])

    def test_a_failed_attempt_gives_its_resources_back(self) -> None:
        declared = jobs("a; b", a={"resources": {"m": 1}, "retries": 1}, b={"resources": {"m": 1}})
        self.check(play(declared, fails="a"), "a=failed b=passed", 1)


class Phases(RuleTest):
    def test_failing_phase_a_is_not_masked_by_a_green_phase_b(self) -> None:
        played = play(jobs("a; b"), fails="a", first_jobs=["a"])
        self.check(played, "a=failed b=passed", 1)

    def test_phase_b_sees_that_phase_a_met_its_dependencies(self) -> None:
        played = play(jobs("a; b<a"), first_jobs=["a"])
        self.check(played, "a=passed b=passed", 0)
        self.assertEqual(played.executor.started, ["a", "b"])

    def test_failing_phase_1_of_first_testcases_is_not_discarded(self) -> None:
        played = play(jobs("a"), {"a": [Fate(code=1), Fate(code=0)]}, first_testcases="x")
        self.assertEqual(played.executor.started, ["a", "a#2"])
        self.check(played, "a=failed", 1)

    def test_each_pass_tells_its_own_outcome_and_the_job_the_worse_and_which_that_was(self) -> None:
        for codes, own, reason in (
            ((1, 0), ["failed", "passed"], "exit code 1 (in the first pass)"),
            ((0, 1), ["passed", "failed"], "exit code 1 (in the second pass)"),
            ((1, 1), ["failed", "failed"], "exit code 1"),
            ((0, 0), ["passed", "passed"], ""),
        ):
            fates = [Fate(code=code) for code in codes]
            played = play(jobs("a"), {"a": fates}, first_testcases="x")
            told = played.of(events.Finished)
            self.assertEqual([str(event.outcome) for event in told], own)
            self.assertEqual([event.reason for event in told], [c * "exit code 1" for c in codes])
            self.assertEqual([event.again for event in told], [True, False])
            self.assertEqual(told[-1].result.reason, reason)

    def test_phase_b_waits_for_all_of_phase_a(self) -> None:
        results = play(jobs("a; b; c<a"), {"c": Fate(7)}, first_jobs=["c"]).scheduler.results
        self.assertEqual(results["b"].started, 8)

    def test_any_failure_in_a_keeps_b_from_beginning_with_fast_fail(self) -> None:
        played = play(
            jobs("a; b; z", z={"when": "always"}), fails="a", first_jobs=["a"], fast_fail=True
        )
        self.check(played, "a=failed b=cancelled z=passed", 1)

    def test_phase_2_is_not_begun_after_a_failure_with_fast_fail(self) -> None:
        played = play(jobs("a; b"), fails="a", first_testcases="x", fast_fail=True)
        self.assertEqual(played.executor.started, ["a", "b"])
        self.check(played, "a=failed b=passed", 1)

    def test_builds_run_once_and_tests_twice(self) -> None:
        declared = jobs("a; b<a", a={"testcases": False})
        played = play(declared, first_testcases="x")
        self.assertEqual(played.executor.started, ["a", "b", "b#2"])
        self.check(played, "a=passed b=passed", 0)

    def test_failure_in_phase_2_fails_the_run(self) -> None:
        played = play(jobs("a"), {"a": Fate(), "a#2": Fate(code=1)}, first_testcases="x")
        self.check(played, "a=failed", 1)

    def test_interrupt_in_phase_1_keeps_the_outcomes_of_ended_jobs(self) -> None:
        played = play(jobs("a; b"), {"b": Fate(9)}, first_testcases="x", signals=[(4, 15)])
        self.check(played, "a=passed b=cancelled", 143)

    def test_phases_and_test_cases_together(self) -> None:
        declared = jobs("w; a<w; b", w={"testcases": False})
        played = play(declared, first_jobs=["a"], first_testcases="x")
        self.assertEqual(played.executor.started, ["w", "a", "b", "a#2", "b#2"])

    def test_filters_reach_the_nodes(self) -> None:
        played = play(jobs("a"), first_testcases="x")
        filters = {node.key: node.test_filter for node in played.scheduler._plan.phases.nodes}
        self.assertEqual(filters, {"a": "x", "a#2": ""})


class Caches(RuleTest):
    def cached(self, **fields: Any) -> list[Job]:
        return jobs("a; b<a", a={"cache": Dummy(), **fields})

    def test_hit_restores_without_running(self) -> None:
        played = play(self.cached(), {"a": Fate(cache=0)})
        self.check(played, "a=restored b=passed", 0)
        self.assertEqual(played.executor.started, ["b"])

    def test_miss_runs_and_stores_after_a_pass(self) -> None:
        played = play(self.cached())
        self.assertEqual(
            played.executor.steps,
            [("a", "restore"), ("a", "body"), ("a", "store"), ("b", "body")],
        )
        self.check(played, "a=passed b=passed", 0)

    def test_failure_is_not_stored(self) -> None:
        played = play(self.cached(), fails="a")
        self.assertEqual(played.executor.steps, [("a", "restore"), ("a", "body")])

    def test_broken_cache_is_said_and_the_job_runs(self) -> None:
        played = play(self.cached(), {"a": Fate(cache=1)})
        self.check(played, "a=passed b=passed", 0)
        self.assertIn("its cache failed", played.of(events.Note)[0].text)
        self.assertEqual(played.executor.steps[:2], [("a", "restore"), ("a", "body")])
        self.assertNotIn(("a", "store"), played.executor.steps)

    def test_job_with_a_filter_is_neither_restored_nor_stored(self) -> None:
        for testcases, first in ((True, [("a", "body")]), (False, [("a", "restore")])):
            played = play(
                self.cached(testcases=testcases), {"a": Fate(cache=0)}, only_testcases="x"
            )
            self.assertEqual(played.executor.steps[:1], first)
            self.assertNotIn(("a", "store"), played.executor.steps)
            state = played.scheduler.results["a"].cache
            self.assertEqual(state, "off" if testcases else "hit")

    def test_the_phase_of_all_test_cases_asks_the_cache(self) -> None:
        played = play(self.cached(), first_testcases="x")
        self.assertEqual(
            [step for step in played.executor.steps if step[0].startswith("a")],
            [("a", "body"), ("a#2", "restore"), ("a#2", "body"), ("a#2", "store")],
        )

    def test_pass_that_would_have_to_be_explained_is_not_stored(self) -> None:
        played = play(self.cached(), {"a": Fate(code=5)})
        self.check(played, "a=passed b=passed", 0)
        self.assertEqual(played.executor.steps[:2], [("a", "restore"), ("a", "body")])
        self.assertNotIn(("a", "store"), played.executor.steps)
        (note,) = played.of(events.Note)
        self.assertEqual(note.text, "a: not stored in its cache: it ended with exit code 5")

    def test_no_store_without_a_key_and_one_line_however_often_it_is_tried(self) -> None:
        for code, state in ((NO_KEY, "no key"), (UNUSABLE, "unusable")):
            fates = [Fate(cache=code, code=1), Fate(cache=code)]
            played = play(self.cached(retries=1), {"a": fates})
            self.check(played, "a=flaky b=passed", 0)
            self.assertNotIn(("a", "store"), played.executor.steps)
            self.assertEqual(len(played.of(events.Note)), 1)
            self.assertEqual(played.scheduler.results["a"].cache, state)

    def test_result_has_the_state_of_the_cache(self) -> None:
        fates = {"miss": Fate(stored=1), "stored": Fate(), "hit": Fate(cache=0)}
        for state, fate in fates.items():
            result = play(self.cached(), {"a": fate}).scheduler.results["a"]
            self.assertEqual(result.cache, state)
            self.assertEqual([record.code for record in result.attempts], [0][: state != "hit"])
        self.assertIsNone(play(jobs("a")).scheduler.results["a"].cache)


class Selection(RuleTest):
    def test_skipped_job_counts_as_satisfied_and_is_filtered(self) -> None:
        played = play(jobs("a; b<a"), skip=["a"])
        self.check(played, "b=passed a=skipped", 0)
        self.assertEqual(played.scheduler.results["a"].reason, "filtered")

    def test_outputs_of_a_skipped_job_must_exist(self) -> None:
        declared = jobs("a; b<a; c<a:o", a={"outputs": {"o": "x", "p": "y"}})
        nodes = {n.key: n for n in play(declared, skip=["a"]).scheduler._plan.phases.nodes}
        self.assertEqual(nodes["b"].expects, (("a:o", "x"), ("a:p", "y")))
        self.assertEqual(nodes["c"].expects, (("a:o", "x"),))
        self.assertEqual(nodes["c"].inputs, {"CI_OUT_A_O": "x", "CI_OUT_A_P": "y"})


class Stream(RuleTest):
    def test_a_listener_that_only_sees_events_can_rebuild_the_results(self) -> None:
        declared = jobs("a; b<a; c; d<c", a={"retries": 1}, c={"allow_failure": True})
        played = play(declared, {"a": [Fate(code=1), Fate()]}, fails="c", skip=["d"])
        rebuilt = {e.job: e.result.outcome for e in played.of(events.Finished)}
        rebuilt |= dict.fromkeys(played.of(events.RunStarted)[0].filtered, Outcome.SKIPPED)
        self.assertEqual(rebuilt, {name: r.outcome for name, r in played.scheduler.results.items()})

    def test_a_listener_that_breaks_is_told_once_and_changes_nothing(self) -> None:
        for error in (RuntimeError("broken view"), SystemExit(0), GeneratorExit()):
            faults: list[BaseException] = []
            seen: list[events.Event] = []
            broken = mock.Mock(side_effect=error)
            bus = events.Bus([broken, seen.append], lambda _, error: faults.append(error))  # noqa: B023
            bus.emit(events.Note(0.0, "one"))
            bus.emit(events.Note(1.0, "two"))
            self.assertEqual((len(faults), len(seen)), (1, 2))


if __name__ == "__main__":
    unittest.main()
