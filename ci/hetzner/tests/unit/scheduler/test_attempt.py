"""The actions of an attempt: a state machine that needs no clock, no executor and no loop."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model import events, phases
from lib.model.cause import PLAINLY, Cause, Why
from lib.model.job import Job
from lib.model.result import CacheState, Outcome
from lib.scheduler.actions import Actions, CacheNote, Conclude, Launch, Stop
from lib.scheduler.attempt import Attempt
from lib.scheduler.protocol import MISS, NO_KEY, Exited, Gone, Listens, Occupied, StepKind, Wrote
from lib.scheduler.service_attempt import ServiceAttempt
from tests.support.fakes import CACHED

LEFT = ("1 leftover",)
GONE = "all of its processes were gone before it was stopped"
CUT = Why("cut off by SIGTERM", Cause.INTERRUPTED)


def attempt(number: int = 1, **fields: Any) -> Attempt:
    job = Job("a", "true", **fields)
    (node,) = phases.build([job], ["a"]).nodes
    kind = ServiceAttempt if job.service else Attempt
    return kind(node, number, began=0.0)


def exited(code: int = 0, **told: Any) -> Exited:
    return Exited("a", code, by_itself=True, **told)


def names(actions: Actions) -> str:
    """Return `Launch(body) Conclude(passed)`: the actions, and what says most of each."""
    told = []
    for action in actions:
        name = type(action).__name__
        match action:
            case Launch():
                told.append(f"{name}({action.kind.value})")
            case Conclude():
                told.append(f"{name}({action.outcome.value})")
            case CacheState():
                told.append(f"{name}({action.value})")
            case _:
                told.append(name)
    return " ".join(told)


class AttemptTest(unittest.TestCase):
    def follows(self, actions: Actions, expected: str) -> None:
        self.assertEqual(names(actions), expected)

    def ends(self, actions: Actions, outcome: Outcome, words: str, *, again: bool = False) -> None:
        (end,) = actions
        assert isinstance(end, Conclude)
        self.assertEqual((end.outcome, end.again), (outcome, again))
        self.assertIn(words, end.why.text)

    def cause(self, actions: Actions) -> Cause:
        (end,) = actions
        assert isinstance(end, Conclude)
        return end.why.cause


class Bodies(AttemptTest):
    def test_body_that_exits_well_passes(self) -> None:
        one = attempt()
        self.follows(one.begin(), "Launch(body)")
        self.assertEqual(one.take(exited(), 1), (Conclude(Outcome.PASSED, PLAINLY, again=False),))

    def test_failure_may_be_tried_again_as_often_as_the_job_says(self) -> None:
        self.ends(attempt(1, retries=1).take(exited(1), 1), Outcome.FAILED, "code 1", again=True)
        self.ends(attempt(2, retries=1).take(exited(1), 1), Outcome.FAILED, "code 1")
        self.ends(attempt(2, retries=1).take(exited(), 1), Outcome.FLAKY, "attempt 2 of 2")

    def test_leftovers_are_stopped_before_the_body_has_passed(self) -> None:
        one = attempt()
        leak, stop = one.take(exited(left=LEFT), 2.0)
        self.assertEqual(leak, events.Leaked(2.0, "a", LEFT))
        self.assertEqual(stop, Stop(hung=False))
        self.follows(one.take(Gone("a"), 3), "Conclude(passed)")

    def test_leftovers_that_remove_an_output_fail_the_body(self) -> None:
        one = attempt(outputs={"o": "o"})
        self.follows(one.take(exited(left=LEFT), 1), "Leaked Stop")
        self.ends(one.take(Gone("a", missing=("o",)), 2), Outcome.FAILED, "removed its output o")

    def test_survivor_of_kill_fails_the_attempt_for_good(self) -> None:
        one = attempt(retries=3)
        self.follows(one.take(exited(left=LEFT), 1), "Leaked Stop")
        gone = Gone("a", survivors=("pid 7",))
        self.ends(one.take(gone, 2), Outcome.FAILED, "could not be stopped: pid 7")

    def test_output_is_told_once_and_not_while_the_attempt_is_stopped(self) -> None:
        one = attempt(outputs={"o": "o", "p": "p"})
        self.follows(one.take(Wrote("a", "o"), 1), "OutputReady")
        self.follows(one.take(Wrote("a", "o"), 2), "")
        self.follows(one.cancel(CUT), "Stop")
        self.follows(one.take(Wrote("a", "p"), 3), "")

    def test_outputs_are_forgotten_when_another_attempt_follows(self) -> None:
        one = attempt(outputs={"o": "o", "p": "p"})
        one.take(Wrote("a", "o"), 1)
        one.take(exited(1, missing=("o",)), 2)
        self.assertEqual(one.outputs, {"o", "p"})
        one.forget_outputs()
        self.assertEqual(one.outputs, set())


class Limits(AttemptTest):
    def test_step_that_is_out_of_time_is_stopped_and_says_where_it_hung(self) -> None:
        one = attempt(timeout=9)
        late, stop = one.out_of_time(StepKind.BODY, 9.0)
        self.assertEqual(late, events.TimedOut(9.0, "a", 9))
        self.assertEqual(stop, Stop(hung=True))
        self.follows(one.take(exited(-15), 10), "Conclude(timed out)")

    def test_limit_of_a_step_that_has_ended_does_nothing(self) -> None:
        one = attempt(cache=CACHED)
        self.follows(one.take(exited(MISS), 1), "CacheState(miss) Launch(body)")
        self.follows(one.out_of_time(StepKind.RESTORE, 9), "")
        self.follows(one.take(exited(1), 2), "Conclude(failed)")
        self.follows(one.out_of_time(StepKind.BODY, 9), "")

    def test_cut_cancels_an_attempt_and_the_timeout_of_the_run_asks_where_it_hung(
        self,
    ) -> None:
        for cause, hung in ((Cause.INTERRUPTED, False), (Cause.RUN_TIMEOUT, True)):
            one = attempt()
            self.assertEqual(one.cancel(Why("cut", cause)), (Stop(hung),))
            self.follows(one.take(exited(), 1), "Conclude(cancelled)")

    def test_step_that_may_not_start_any_more_cancels_the_attempt(self) -> None:
        one = attempt()
        one.begin()
        self.ends(one.refuse(CUT), Outcome.CANCELLED, "SIGTERM")

    def test_step_that_cannot_be_started_fails_the_attempt(self) -> None:
        one = attempt()
        one.begin()
        self.ends(one.not_started(OSError("no log")), Outcome.FAILED, "no log")


class Caches(AttemptTest):
    def stores(self) -> Attempt:
        """Return an attempt whose body has passed, and which stores now."""
        one = attempt(cache=CACHED)
        self.follows(one.begin(), "Launch(restore)")
        self.follows(one.take(exited(MISS), 1), "CacheState(miss) Launch(body)")
        self.follows(one.take(exited(), 2), "Launch(store)")
        return one

    def test_hit_restores_in_place_of_the_body(self) -> None:
        one = attempt(cache=CACHED)
        self.follows(one.take(exited(), 1), "CacheState(hit) Conclude(restored)")

    def test_hit_without_a_promised_output_is_a_miss(self) -> None:
        one = attempt(cache=CACHED, outputs={"o": "o"})
        told = one.take(exited(missing=("o",)), 1)
        self.follows(told, "CacheState(miss) CacheNote Launch(body)")

    def test_body_begins_when_nothing_is_left_of_asking(self) -> None:
        one = attempt(cache=CACHED)
        self.follows(one.take(exited(MISS, left=LEFT), 1), "CacheState(miss) Leaked Stop")
        self.follows(one.take(Gone("a"), 2), "Launch(body)")

    def test_pass_that_is_not_a_full_one_is_not_stored(self) -> None:
        one = attempt(cache=CACHED)
        one.take(exited(MISS), 1)
        note, end = one.take(exited(5), 2)
        self.assertEqual(note, CacheNote("not stored in its cache: it ended with exit code 5"))
        self.follows((end,), "Conclude(passed)")

    def test_words_of_the_cache_go_into_the_log_and_its_exit_code_where_it_has_none(self) -> None:
        asked = attempt(cache=CACHED).take(exited(NO_KEY, note="no key"), 1)
        self.assertEqual(asked[1], CacheNote("no key"))
        stored = self.stores().take(exited(1, note="no space"), 3)
        self.assertEqual(stored[0], CacheNote("no space"))
        silent = self.stores().take(exited(1), 3)
        self.assertEqual(silent[0], CacheNote("not stored in its cache: exit code 1"))

    def test_body_that_has_passed_has_passed_whatever_becomes_of_storing(self) -> None:
        self.follows(self.stores().take(exited(), 3), "CacheState(stored) Conclude(passed)")
        self.follows(self.stores().take(exited(1), 3), "CacheNote Conclude(passed)")
        self.follows(self.stores().not_started(OSError("full")), "CacheNote Conclude(passed)")
        self.follows(self.stores().refuse(CUT), "Conclude(passed)")
        late, cut = self.stores(), self.stores()
        note, stop = late.out_of_time(StepKind.STORE, 9)
        self.assertEqual(note, CacheNote("its cache took too long to store"))
        self.assertEqual(stop, Stop(hung=True))
        self.follows(late.take(exited(-15), 10), "Conclude(passed)")
        self.follows(cut.cancel(CUT), "Stop")
        self.follows(cut.take(exited(-15), 4), "Conclude(passed)")


class Services(AttemptTest):
    def serving(self, **fields: Any) -> ServiceAttempt:
        """Return a service that has been ready since second 1."""
        one = attempt(service=True, outputs={"o": "o"}, **fields)
        assert isinstance(one, ServiceAttempt)
        if one.job.listens:
            self.follows(one.take(Listens("a", tuple(one.job.listens)), 0.5), "")
        self.follows(one.take(Wrote("a", "o"), 1), "OutputReady Serve")
        return one

    def test_is_ready_when_outputs_and_ports_are_there_in_any_order(self) -> None:
        self.serving(listens=[80])
        one = attempt(service=True, outputs={"o": "o"}, listens=[80])
        self.follows(one.take(Wrote("a", "o"), 1), "OutputReady")
        self.follows(one.take(Listens("a", (80,)), 2), "Serve")

    def test_body_without_outputs_and_ports_serves_by_what_it_leaves(self) -> None:
        self.follows(attempt(service=True).take(exited(left=LEFT), 1), "Serve")
        self.follows(attempt(service=True).take(exited(), 1), "Conclude(passed)")

    def test_that_is_released_passes(self) -> None:
        one = self.serving()
        self.follows(one.release(), "Stop")
        self.follows(one.take(Exited("a", -15), 2), "Conclude(passed)")

    def test_that_ended_by_itself_just_before_its_stop_fails(self) -> None:
        one = self.serving()
        one.release()
        self.ends(one.take(exited(3), 2), Outcome.FAILED, "exit code 3 before it was stopped")
        one = self.serving()
        one.release()
        self.follows(one.take(exited(3, left=LEFT), 2), "")
        told = one.take(Gone("a", by_itself=True), 3)  # the first reason stays
        self.ends(told, Outcome.FAILED, "exit code 3 before it was stopped")

    def test_whose_processes_were_gone_just_before_its_stop_fails_if_it_listens(
        self,
    ) -> None:
        for listens, outcome in (([80], Outcome.FAILED), ([], Outcome.PASSED)):
            one = self.serving(listens=listens)
            one.release()
            self.ends(one.take(exited(), 2), outcome, GONE * bool(listens))
            one = self.serving(listens=listens)
            one.release()
            self.follows(one.take(exited(left=LEFT), 2), "")
            self.ends(one.take(Gone("a"), 3), Outcome.PASSED, "")
            one = self.serving(listens=listens)
            one.release()
            told = one.take(Gone("a", by_itself=True), 3)
            self.ends(told, Outcome.FAILED, GONE)
            self.assertEqual(self.cause(told), Cause.SERVICE_GONE)

    def test_that_is_cancelled_stays_so_whatever_ends_by_itself(self) -> None:
        for report in (exited(3), Gone("a", by_itself=True)):
            one = self.serving(listens=[80])
            self.follows(one.cancel(CUT), "Stop")
            self.ends(one.take(report, 2), Outcome.CANCELLED, "cut off")

    def test_that_serves_is_not_ready_twice(self) -> None:
        one = self.serving()
        self.follows(one.take(Wrote("a", "o"), 2), "")
        one.release()
        self.follows(one.take(Wrote("a", "o"), 3), "")

    def test_that_ends_while_needed_fails_by_the_names_of_its_users(self) -> None:
        one = self.serving(retries=3)
        told = one.take(exited(3), 2, users=["b", "c"])
        self.ends(told, Outcome.FAILED, "exit code 3 while b, c still needed it")

    def test_body_whose_last_act_was_its_output_is_an_ordinary_job(self) -> None:
        self.follows(self.serving().take(exited(), 1.4, users=["b"]), "Conclude(passed)")
        self.follows(self.serving().take(exited(), 1.5, users=["b"]), "Conclude(failed)")

    def test_whose_processes_are_all_gone_fails(self) -> None:
        one = self.serving()
        self.follows(one.take(exited(left=LEFT), 2), "")
        told = one.take(Gone("a"), 3, users=["b"])
        self.ends(told, Outcome.FAILED, "all of its processes are gone while b still needed it")

    def test_that_gives_up_a_port_is_stopped_and_fails(self) -> None:
        one = self.serving(listens=[80])
        self.follows(one.take(Listens("a", (80,)), 1.5, users=["b"]), "")
        self.follows(one.take(Listens("a"), 2, users=["b"]), "Stop")
        told = one.take(Exited("a", -15), 3)
        self.ends(told, Outcome.FAILED, "listens on port 80 any more while b still needed it")
        self.assertEqual(self.cause(told), Cause.SERVICE_GONE)

    def test_whose_port_is_taken_is_stopped_and_fails(self) -> None:
        one = attempt(service=True, listens=[80])
        self.follows(one.take(Occupied("a", 80, "pid 7"), 1), "Stop")
        self.follows(one.take(Occupied("a", 80, "pid 8"), 1.5), "")
        self.ends(one.take(Exited("a", -15), 2), Outcome.FAILED, "port 80 is held by pid 7")
        one = self.serving(listens=[80])
        self.follows(one.take(Occupied("a", 80, "pid 7"), 2, users=["b"]), "Stop")
        told = one.take(Exited("a", -15), 3)
        self.ends(told, Outcome.FAILED, "use another port while b still needed it")
        self.assertEqual(self.cause(told), Cause.PORT_TAKEN)

    def test_that_is_out_of_time_says_what_it_lacks(self) -> None:
        one = attempt(service=True, outputs={"o": "o"}, listens=[80])
        self.follows(one.out_of_time(StepKind.BODY, 120), "TimedOut Stop")
        (end,) = one.take(Exited("a", -15), 121)
        assert isinstance(end, Conclude)
        self.assertIn("o (o) never came and no process of it listens on port 80", end.why.text)

    def test_reports_of_services_are_a_bug_for_other_jobs(self) -> None:
        with self.assertRaisesRegex(TypeError, "a is no service"):
            attempt().take(Listens("a"), 1)
        with self.assertRaisesRegex(TypeError, "a is no service"):
            attempt().release()


if __name__ == "__main__":
    unittest.main()
