"""The record of a run says of each job when it was ready, what it waited for, and how it ended."""

from __future__ import annotations

import math
import unittest

from lib.model import events
from lib.timeline.run_record import RunRecord, Span
from lib.timeline.timeline import Timeline
from tests.support.fakes import FakeCache, Fate, jobs, play
from tests.support.timelines import job, record, stream


class Waits(unittest.TestCase):
    def test_job_is_ready_when_its_last_need_is_met(self) -> None:
        run = record(play(jobs("a; b; c<a,b"), {"a": Fate(3), "b": Fate(5)}))
        c = job(run, "c")
        self.assertEqual((c.ready_at, c.freed_by, c.started), (5.0, "b", 5.0))
        self.assertEqual(c.waits, (Span(0.0, 5.0, "dependency", "b"),))

    def test_output_frees_before_the_end(self) -> None:
        declared = jobs("a; c<a:o", a={"outputs": {"o": "o"}})
        run = record(play(declared, {"a": Fate(9, writes={"o": 2})}))
        c = job(run, "c")
        self.assertEqual((c.ready_at, c.freed_by), (2.0, "a:o"))
        self.assertEqual(job(run, "a").outputs, {"o": 2.0})

    def test_output_that_nobody_asked_for_was_there_at_the_end_of_a_pass(self) -> None:
        declared = jobs("a; b", a={"outputs": {"o": "o"}}, b={"outputs": {"o": "p"}})
        fates = {"a": Fate(9, writes={"o": 2}), "b": Fate(5, code=1)}
        run = record(play(declared, fates))
        self.assertEqual((job(run, "a").outputs, job(run, "b").outputs), ({"o": 9.0}, {}))

    def test_service_frees_when_it_is_ready(self) -> None:
        declared = jobs("s; c<s", s={"service": True, "outputs": {"o": "o"}})
        run = record(play(declared, {"s": Fate(math.inf, writes={"o": 2}), "c": Fate(4)}))
        self.assertEqual(job(run, "c").ready_at, 2.0)
        self.assertEqual((job(run, "s").served_at, job(run, "s").ended), (2.0, 6.001))

    def test_delay_slot_and_pool_are_told_apart(self) -> None:
        declared = jobs(
            "a; b", b={"delay": 1, "resources": {"cpu": 2}}, a={"resources": {"cpu": 1}}
        )
        b = job(record(play(declared, {"a": Fate(5)}, pools={"cpu": 2})), "b")
        self.assertEqual(b.waits, (Span(0.0, 1.0, "delay", "1 s"), Span(1.0, 5.0, "pool", "cpu")))
        b = job(record(play(jobs("a; b"), {"a": Fate(5)}, max_parallel=1)), "b")
        self.assertEqual(b.waits, (Span(0.0, 5.0, "slot", "a free slot"),))

    def test_question_to_a_cache_is_no_wait_for_a_place(self) -> None:
        declared = jobs("a", a={"cache": FakeCache()})
        a = job(record(play(declared, {"a": Fate(3, cache_seconds=2)})), "a")
        self.assertEqual((a.waits, a.started), ((), 0.0))

    def test_wait_between_attempts_is_a_retry(self) -> None:
        declared = jobs("a; b", a={"retries": 1, "retry_alone": True})
        run = record(play(declared, {"a": [Fate(1, code=1), Fate(1)], "b": Fate(5)}))
        a = job(run, "a")
        self.assertEqual(a.waits, (Span(1.0, 5.0, "retry", "attempt 2"),))
        self.assertEqual([each.outcome for each in a.attempts], ["failed", "passed"])
        self.assertEqual((a.outcome, a.cause), ("flaky", "flaky"))

    def test_phase_and_end_are_needs(self) -> None:
        declared = jobs("a; b; z", z={"when": "end"})
        run = record(play(declared, {"a": Fate(2), "b": Fate(3)}, first_jobs=["a"]))
        self.assertEqual(
            (job(run, "b").freed_by, job(run, "b").ready_at), ("the phase before", 2.0)
        )
        self.assertEqual((job(run, "z").freed_by, job(run, "z").ready_at), ("all else", 5.0))

    def test_job_that_is_not_of_this_run_is_no_need(self) -> None:
        run = record(play(jobs("a; b<a"), skip=["a"]))
        self.assertEqual((job(run, "b").freed_by, job(run, "b").ready_at), ("", 0.0))
        self.assertEqual((job(run, "a").outcome, job(run, "a").cause), ("skipped", "filtered"))


class Ends(unittest.TestCase):
    def test_jobs_come_in_order_of_start_and_others_last(self) -> None:
        run = record(play(jobs("c<b; a; b<a; d"), {"b": Fate(code=1)}, max_parallel=1))
        self.assertEqual([each.name for each in run.jobs][-1], "c")
        self.assertEqual(job(run, "c").reason, "dependency failed: b")

    def test_run_has_its_verdict_and_its_length_at_its_end_only(self) -> None:
        played = play(jobs("a"))
        timeline = Timeline()
        for event in stream(played, before=7, after=2)[:-1]:
            timeline(event)
        during = timeline.record()
        self.assertEqual((during.exit_code, during.seconds, during.verdict), (None, None, ""))
        run = record(played, before=7, after=2)
        self.assertEqual((run.exit_code, run.seconds, run.verdict), (0, 10.0, "the verdict"))
        self.assertEqual((run.beginning, run.end), (-7.0, 3.0))

    def test_job_that_runs_has_no_outcome(self) -> None:
        timeline = Timeline()
        timeline(events.Started(1.0, "a", 1))
        a = job(timeline.record(), "a")
        self.assertTrue(a.running)
        self.assertEqual((a.outcome, a.ended, a.seconds), ("", None, None))
        self.assertIs(timeline.record(), timeline.record())

    def test_cut_off_is_told(self) -> None:
        run = record(play(jobs("a; b<a"), {"a": Fate(9)}, timeout=3))
        self.assertEqual(run.interruption, "the run's timeout of 3 s")
        self.assertEqual(job(run, "a").cause, "timeout of the run")

    def test_amounts_that_are_the_same_as_before_are_not_kept(self) -> None:
        timeline = Timeline()
        timeline(events.Left(1.0, {"processes": 2, "sockets": 0}))
        self.assertEqual(timeline.record().left, {"processes": 2})

    def test_words_that_run_a_job_again_are_kept(self) -> None:
        timeline = Timeline()
        timeline(events.RunAgain(1.0, "a", ("make", "a")))
        self.assertEqual(job(timeline.record(), "a").rerun, ("make", "a"))

    def test_empty_run_is_a_record(self) -> None:
        self.assertEqual(Timeline().record(), RunRecord())


if __name__ == "__main__":
    unittest.main()
