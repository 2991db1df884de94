"""Jobs with when="end" start when everything else has ended, with any outcome."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model import events, graph_check
from tests.support.fakes import Fate, Played, jobs, play

END: dict[str, Any] = {"when": "end"}
SERVER: dict[str, Any] = {"service": True, "outputs": {"up": "up"}}
SERVES = Fate(99, writes={"up": 1})


class AtTheEnd(unittest.TestCase):
    def started(self, played: Played, job: str) -> float | None:
        return played.scheduler.results[job].started

    def test_it_starts_after_all_that_it_does_not_depend_on(self) -> None:
        played = play(jobs("z<a; a; slow", z=END), {"slow": Fate(9)})
        self.assertEqual(self.started(played, "z"), 9)
        self.assertEqual(played.scheduler.results["z"].waited_for, "all else")

    def test_it_runs_after_any_outcome_of_the_others_and_changes_none(self) -> None:
        played = play(jobs("bad; b<bad; z<b", z=END), fails="bad")
        self.assertEqual((played.outcomes(), played.code), ("bad=failed b=skipped z=passed", 1))
        played = play(jobs("a; z", z=END), fails="z")
        self.assertEqual(played.code, 1)

    def test_it_waits_for_retries_and_delays(self) -> None:
        declared = jobs("a; b; z", a={"retries": 1}, b={"delay": 5}, z=END)
        played = play(declared, {"a": [Fate(2, code=1), Fate(2)]})
        self.assertEqual(self.started(played, "z"), 6)

    def test_others_at_the_end_are_not_waited_for(self) -> None:
        played = play(jobs("a; y; z", y=END, z=END), {"y": Fate(5)})
        self.assertEqual([self.started(played, job) for job in "yz"], [1, 1])

    def test_one_at_the_end_may_wait_for_another(self) -> None:
        played = play(jobs("a; y; z<y", y=END, z=END), {"y": Fate(5)})
        self.assertEqual(self.started(played, "z"), 6)

    def test_a_service_that_only_it_needs_serves_it(self) -> None:
        declared = jobs("s; a; z<s", s=SERVER, z=END)
        played = play(declared, {"s": SERVES, "a": Fate(4)})
        self.assertEqual(played.outcomes(), "s=passed a=passed z=passed")
        self.assertEqual(self.started(played, "z"), 4)

    def test_a_service_that_no_other_job_needs_has_ended_before(self) -> None:
        declared = jobs("s; a<s; z", s=SERVER, z=END)
        played = play(declared, {"s": Fate(99, writes={"up": 1}, ignores_term=True)})
        ended = played.scheduler.results["s"].ended
        self.assertEqual(self.started(played, "z"), ended)
        self.assertGreater(ended or 0, 6)

    def test_it_may_be_a_service_of_others_at_the_end(self) -> None:
        declared = jobs("a; s; z<s", s={**SERVER, **END}, z=END)
        played = play(declared, {"s": SERVES})
        self.assertEqual(self.started(played, "s"), 1)
        self.assertEqual(played.outcomes(), "a=passed s=passed z=passed")

    def test_it_runs_after_fast_fail_and_not_after_a_signal_or_the_runs_timeout(self) -> None:
        critical = jobs("a; b; z", a={"fast_fail": True}, z=END)
        played = play(critical, {"b": Fate(9)}, fails="a", fast_fail=True)
        self.assertEqual(played.outcomes(), "a=failed b=cancelled z=passed")
        for cut in ({"signals": [(3, 15)]}, {"timeout": 3}):
            played = play(jobs("a; z", z=END), {"a": Fate(9)}, **cut)
            self.assertEqual(played.outcomes(), "a=cancelled z=cancelled")

    def test_a_failure_that_is_not_critical_is_no_fast_fail_before_it(self) -> None:
        played = play(jobs("a; z", z=END), fails="a", fast_fail=True)
        self.assertEqual(played.of(events.FastFail), [])
        self.assertEqual(played.outcomes(), "a=failed z=passed")

    def test_it_runs_once_after_all_phases(self) -> None:
        declared = jobs("a; b; z", z=END)
        played = play(declared, first_jobs=["a", "z"])
        self.assertEqual(played.executor.started, ["a", "b", "z"])
        played = play(declared, first_testcases="x")
        self.assertEqual(played.executor.started, ["a", "b", "a#2", "b#2", "z"])
        filters = {n.key: n.test_filter for n in played.scheduler._plan.phases.nodes}
        self.assertEqual((filters["a"], filters["z"]), ("x", ""))

    def test_its_phase_has_no_line(self) -> None:
        played = play(jobs("a; b; z", z=END), first_jobs=["a"])
        titles = [event.title for event in played.of(events.PhaseStarted)]
        self.assertEqual(titles, ["phase A", "phase B"])
        self.assertEqual(play(jobs("a; z", z=END)).of(events.PhaseStarted), [])

    def test_it_runs_alone_if_nothing_else_is_selected(self) -> None:
        self.assertEqual(play(jobs("a; z", z=END), only=["z"]).outcomes(), "z=passed")

    def test_it_proves_no_test(self) -> None:
        played = play(jobs("a; z", z=END), {"a": Fate(code=5)}, only_testcases="x")
        self.assertEqual(played.code, 4)

    def test_who_does_not_run_at_the_end_cannot_wait_for_it(self) -> None:
        problems = graph_check.problems(jobs("z; a<z", z=END), {})
        self.assertEqual(len(problems), 1)
        self.assertIn("job a: depends_on 'z': z has when=\"end\"", problems[0])


if __name__ == "__main__":
    unittest.main()
