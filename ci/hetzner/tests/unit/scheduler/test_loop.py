"""The rules of a run, each by name, played with a fake executor and clock."""

from __future__ import annotations

import math
import unittest
from collections.abc import Sequence
from unittest import mock

from lib.common.signal_names import ASKED
from lib.model import events, phases
from lib.model.result import Outcome
from lib.model.run_plan import Limits, RunPlan
from lib.model.verdict import decide
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import Remark
from tests.support.fakes import CACHED, FakeClock, FakeExecutor, Fate, idle, jobs, play
from tests.support.rule_case import NEVER, RuleTest


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
    """A view that takes seconds for an event holds up the loop: the end of a job is seen late."""

    def played(self, clock: FakeClock, executor: FakeExecutor, limits: Limits) -> Scheduler:
        def slow(event: events.Event) -> None:
            if isinstance(event, events.Asked):
                clock.time += 60

        declared = jobs("a; b", a={"timeout": 10})
        scheduler = Scheduler(
            RunPlan(phases.build(declared, ["a", "b"]), limits), executor, clock, slow, idle
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
    def test_job_whose_output_was_taken_by_a_job_that_is_to_be_tried_again_is_tried_again(
        self,
    ) -> None:
        declared = jobs(
            "a; b<a:o",
            a={"outputs": {"o": "o"}, "retries": 1},
            b={"retries": 1, "retry_alone": True},
        )
        again = Fate(2, writes={"o": 1})
        fates: dict[str, Sequence[Fate]] = {
            "a": [Fate(9, code=1, writes={"o": 1}), again],
            "b": [Fate(code=1), Fate()],
        }
        self.check(play(declared, fates), "a=flaky b=flaky", 0)

    def test_a_retry_that_is_to_wait_holds_nothing_else_up(self) -> None:
        declared = jobs("a; b; c<b; d<a", a={"retries": 1})
        fates: dict[str, Fate | Sequence[Fate]] = {"a": [Fate(code=1), Fate()], "b": Fate(2)}
        played = play(declared, fates, retry_waits=lambda now: now < 9)
        self.check(played, "a=flaky b=passed c=passed d=passed", 0)
        c, d = (played.scheduler.results[name].started for name in "cd")
        self.assertEqual(c, 2)
        self.assertAlmostEqual(d or 0, 10, delta=0.1)

    def test_a_run_that_is_cut_off_starts_no_retry_that_waits(self) -> None:
        declared = jobs("a; b", a={"retries": 1})
        fates = {"a": Fate(code=1), "b": Fate(99)}
        played = play(declared, fates, timeout=5, retry_waits=lambda _: True)
        self.check(played, "a=cancelled b=cancelled", 124)
        self.assertEqual(played.executor.started.count("a"), 1)

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


class Leaks(RuleTest):
    def test_leftovers_are_reported_and_stopped_before_dependents_start(self) -> None:
        played = play(jobs("a; b<a"), {"a": Fate(1, leaves=NEVER, ignores_term=True)})
        self.check(played, "a=passed b=passed", 0)
        self.assertEqual(played.of(events.Leaked)[0].job, "a")
        self.assertEqual(played.scheduler.results["b"].started, 6)

    def test_output_that_a_leftover_process_removed_fails_the_job_and_is_not_stored(self) -> None:
        promise = {"outputs": {"o": "out/x"}}
        for fields in (promise, {**promise, "cache": CACHED}):
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

    def test_notes_of_the_plan_come_first_and_remarks_of_the_executor_when_they_are_made(
        self,
    ) -> None:
        clock = FakeClock()
        executor = FakeExecutor(clock, {"a": Fate(5)})
        executor._at(2, lambda: Remark("a remark"))
        plan = RunPlan(phases.build(jobs("a"), ["a"]), notes=["one", "two"])
        seen: list[events.Event] = []
        self.assertEqual(Scheduler(plan, executor, clock, seen.append, idle).run(), 0)
        told = [(event.at, event.text) for event in seen if isinstance(event, events.Note)]
        self.assertEqual(told, [(0, "one"), (0, "two"), (2, "a remark")])

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
