"""Random runs before the umpire, and by name the runs that the search has found."""

from __future__ import annotations

import dataclasses
import math
import unittest
from collections import Counter
from collections.abc import Sequence

from lib.model import events
from lib.model.durations import Timings
from lib.model.job import Job
from lib.model.result import Outcome
from lib.model.run_plan import Limits, RunPlan
from lib.scheduler.protocol import Report, StepKind
from lib.simulate import dry_run
from tests.rules.cases import Seeded, draw_case
from tests.rules.ledger import RuleError
from tests.rules.play import REACHED, build, examine, play, scheduler_of
from tests.rules.reference import Case, nodes, selection
from tests.support.fakes import CACHED, FakeClock, FakeExecutor, Fate, Played, jobs

NEVER = math.inf
RUNS = 1_000


class RandomRuns(unittest.TestCase):
    def test_every_rule_holds_in_random_runs_and_the_runs_reach_everything(self) -> None:
        reached: Counter[str] = Counter()
        for index in range(RUNS):
            seed = f"test:{index}"
            try:
                reached += examine(draw_case(Seeded(seed)))
            except (RuleError, AssertionError, RuntimeError, KeyError) as error:
                raise AssertionError(
                    f"python3 tests/rules/search.py --replay {seed}: {error}"
                ) from error
        rare = {what for what in REACHED if reached[what] < RUNS / 200}
        self.assertEqual(rare, set(), f"hardly ever reached, of {reached}")


class Breaking(FakeExecutor):
    """An executor that breaks in the middle of a run."""

    waits_left = 0

    def wait(self, deadline: float) -> Sequence[Report]:
        self.waits_left -= 1
        if self.waits_left < 0:
            raise OSError("no descriptor is left")
        return super().wait(deadline)


class Broken(unittest.TestCase):
    def test_when_the_runner_breaks_every_job_has_an_outcome_and_the_run_is_red(self) -> None:
        broken = 0
        for index in range(300):
            case = draw_case(Seeded(f"broken:{index}"))
            if selection(case):
                broken += self.breaks(case, index % 7)
        self.assertGreater(broken, 100)

    def breaks(self, case: Case, waits: int) -> bool:
        case = dataclasses.replace(case, refused={})
        executor = Breaking(FakeClock(), case.fates, signals=case.signals, absent=case.absent)
        executor.waits_left = waits
        seen: list[events.Event] = []
        scheduler = scheduler_of(case, build(case), executor, executor, seen.append)
        try:
            scheduler.run()
        except OSError:
            scheduler.abandon("the runner broke")
        else:
            return False
        outcomes = {name: result.outcome for name, result in scheduler.results.items()}
        self.assertNotIn(None, outcomes.values())
        told = {e.job: e.result.outcome for e in seen if isinstance(e, events.Finished)}
        self.assertEqual(told, {name: outcomes[name] for name in selection(case)})
        assert isinstance(seen[-1], events.RunEnded)
        self.assertNotEqual(seen[-1].code, 0)
        return True


class DryRuns(unittest.TestCase):
    def test_dry_run_starts_every_selected_job_once_a_pass_unless_a_service_keeps_it_from_it(
        self,
    ) -> None:
        for index in range(300):
            case = draw_case(Seeded(f"dry:{index}"))
            if selection(case):
                self.plays(case)

    def plays(self, case: Case) -> None:
        seen: list[events.Event] = []
        limits = Limits(case.pools, case.max_parallel)
        scheduler = dry_run.make(
            RunPlan(build(case)[0], limits), Timings(case.durations), seen.append
        )
        scheduler.run()
        kept = {n for n, r in scheduler.results.items() if r.outcome is not Outcome.PASSED}
        started = Counter(e.job for e in seen if isinstance(e, events.Started))
        for name, passes in Counter(node.job.name for node in nodes(case)).items():
            if name not in kept:
                self.assertEqual(started[name], passes, name)
        reasons = " ".join(scheduler.results[name].reason for name in kept)
        self.assertIn("can never start" if kept else "", reasons)


class Found(unittest.TestCase):
    """Each was once a counter-example."""

    def check(self, case: Case, outcomes: str, code: int) -> Played:
        played, _ = play(case)
        self.assertEqual((played.outcomes(), played.code), (outcomes, code))
        return played

    def test_service_that_was_ready_is_not_tried_again_though_it_left_processes(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"o": "o"}, "retries": 1})
        dies = Fate(3, code=1, leaves=NEVER, writes={"o": 1})
        case = Case(declared, {"s": [dies, Fate(NEVER, writes={"o": 1})], "t": [Fate(9)]})
        self.check(case, "s=failed t=passed", 1)

    def test_no_body_starts_after_fast_fail_though_its_cache_was_asked_before(self) -> None:
        declared = jobs("a; b", a={"fast_fail": True}, b={"cache": CACHED})
        leaks = Fate(cache_seconds=0.5, cache_leaves=NEVER, ignores_term=True)
        case = Case(declared, {"a": [Fate(code=1)], "b": [leaks]}, fast_fail=True)
        played = self.check(case, "a=failed b=cancelled", 1)
        self.assertEqual(played.executor.started, ["a"])

    def test_cut_off_while_it_is_stored_a_job_has_passed(self) -> None:
        declared = jobs("a; b", a={"cache": CACHED})
        case = Case(declared, {"a": [Fate(store_seconds=9)], "b": [Fate(9)]}, signals=[(4, 15)])
        self.check(case, "a=passed b=cancelled", 143)

    def test_cache_that_cannot_be_started_for_storing_is_no_failure(self) -> None:
        declared = jobs("a", a={"cache": CACHED, "retries": 1})
        fate = Fate(unstartable="no log", unstartable_step=StepKind.STORE)
        played = self.check(Case(declared, {"a": [fate]}), "a=passed", 0)
        self.assertIn("not stored in its cache: no log", played.of(events.Note)[-1].text)

    def test_process_that_the_cache_leaves_is_a_leak(self) -> None:
        case = Case(jobs("a", a={"cache": CACHED}), {"a": [Fate(cache=0, cache_leaves=NEVER)]})
        self.assertEqual(len(self.check(case, "a=restored", 0).of(events.Leaked)), 1)

    def test_survivor_of_the_cache_fails_the_job_though_its_body_leaves_none(self) -> None:
        declared = jobs("a", a={"cache": CACHED})
        fate = Fate(cache_leaves=NEVER, unkillable=True)
        self.check(Case(declared, {"a": [fate]}), "a=failed", 1)

    def test_service_whose_users_all_wait_is_cancelled_by_a_signal_as_well(self) -> None:
        declared = jobs("s; t<s", s={"service": True}, t={"delay": 9})
        case = Case(declared, {"s": [Fate(leaves=NEVER)]}, signals=[(4, 2)])
        played = self.check(case, "s=cancelled t=cancelled", 130)
        self.assertEqual(played.of(events.Interrupted)[0].running, ("s",))

    def test_job_is_not_tried_again_once_another_has_started_from_its_output(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "retries": 1})
        first, second = Fate(2, code=1, writes={"o": 0.5}), Fate(6, writes={"o": 5})
        played = self.check(Case(declared, {"a": [first, second]}), "a=failed b=passed", 1)
        reason = played.scheduler.results["a"].reason
        self.assertEqual(reason, "exit code 1; not tried again, since b started from its output")

    def test_another_attempt_waits_for_an_output_that_has_to_come_again(self) -> None:
        mutex = {"resources": {"x": 1}}
        declared = jobs(
            "a; c; b<a:o",
            a={"outputs": {"o": "o"}, "retries": 1},
            b={"retries": 1, **mutex},
            c={"delay": 0.6, **mutex},
        )
        first, second = Fate(2, code=1, writes={"o": 0.5}), Fate(6, writes={"o": 5})
        fates = {"a": [first, second], "b": [Fate(0.5, code=1), Fate(1)], "c": [Fate(3)]}
        played = self.check(Case(declared, fates), "a=flaky c=passed b=flaky", 0)
        self.assertEqual(played.scheduler.results["b"].attempts[1].started, 7)

    def test_job_is_not_tried_again_without_the_service_that_it_needs(self) -> None:
        declared = jobs("s; t<s; z<t", s={"service": True}, t={"retries": 1}, z={"when": "always"})
        case = Case(declared, {"s": [Fate(1, leaves=2)], "t": [Fate(5, code=1)]})
        played = self.check(case, "s=failed t=skipped z=passed", 1)
        self.assertEqual(played.scheduler.results["t"].reason, "dependency failed: s")

    def test_phase_2_is_not_begun_for_a_job_that_always_runs(self) -> None:
        declared = jobs("a; z", z={"when": "always"})
        case = Case(declared, {"a": [Fate(code=1)]}, first_testcases="x", fast_fail=True)
        played = self.check(case, "a=failed z=passed", 1)
        self.assertEqual(played.executor.started, ["a", "z"])

    def test_output_that_was_there_when_an_allowed_failure_ended_has_come(self) -> None:
        declared = jobs("a; b<a:o", a={"allow_failure": True, "outputs": {"o": "o"}})
        self.check(Case(declared, {"a": [Fate(1, code=1)]}), "a=failed b=passed", 0)

    def test_service_that_is_ready_at_its_bodys_end_has_written_its_outputs(self) -> None:
        declared = jobs("s; t<s:o", s={"service": True, "outputs": {"o": "o"}})
        self.check(Case(declared, {"s": [Fate(1, leaves=NEVER)]}), "s=passed t=passed", 0)

    def test_service_of_a_service_that_runs_once_runs_once(self) -> None:
        serves = Fate(1, leaves=NEVER)
        declared = jobs(
            "s; r<s; t<r,s", s={"service": True}, r={"service": True, "testcases": False}
        )
        case = Case(declared, {"s": [serves], "r": [serves]}, first_testcases="x")
        played = self.check(case, "s=passed r=passed t=passed", 0)
        self.assertEqual(played.executor.started, ["s", "r", "t", "t#2"])

    def test_delay_does_not_begin_anew_when_no_other_attempt_follows(self) -> None:
        declared = jobs(
            "s; a<s; z<a:o",
            s={"service": True},
            a={"outputs": {"o": "o"}, "retries": 1, "resources": {"m": 1}},
            z={"when": "always", "delay": 1, "resources": {"m": 1}},
        )
        fates = {"s": [Fate(1, leaves=3)], "a": [Fate(4, code=1, writes={"o": 0})]}
        played = self.check(Case(declared, fates), "s=failed a=skipped z=passed", 1)
        self.assertEqual(played.scheduler.results["z"].started, 5)

    def test_second_pass_is_not_skipped_while_the_first_one_runs(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "testcases": False})
        fates = {"a": [Fate(2, code=1, writes={"o": 0.5})], "b": [Fate(3)]}
        played = self.check(Case(declared, fates, first_testcases="x"), "a=failed b=skipped", 1)
        told = [str(e.result.outcome) for e in played.of(events.Finished) if e.job == "b"]
        self.assertEqual(told, ["passed", "skipped"])

    def test_second_pass_that_is_not_begun_changes_no_outcome(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "testcases": False})
        fates = {"a": [Fate(2, code=1, writes={"o": 0.5})], "b": [Fate(3)]}
        case = Case(declared, fates, first_testcases="x", fast_fail=True)
        self.check(case, "a=failed b=passed", 1)

    def test_job_that_ended_in_the_batch_that_stops_it_is_cancelled(self) -> None:
        declared = [Job("a", "true", fast_fail=True), Job("b", "true")]
        case = Case(declared, {"a": [Fate(code=1)]}, fast_fail=True, lump=0.1)
        self.check(case, "a=failed b=cancelled", 1)

    def test_output_of_a_failed_attempt_does_not_count_if_no_retry_can_start(self) -> None:
        declared = jobs(
            "a; s; u<a:o,s",
            a={"outputs": {"o": "o"}, "retries": 1, "retry_alone": True, "allow_failure": True},
            s={"service": True},
        )
        declared = [job.but(resources={"m": 1}) if job.name != "u" else job for job in declared]
        fates = {"a": [Fate(1, code=1)], "s": [Fate(1, leaves=NEVER)]}
        played = self.check(Case(declared, fates), "a=failed s=passed u=skipped", 1)
        self.assertIn("can never start", played.scheduler.results["a"].reason)


if __name__ == "__main__":
    unittest.main()
