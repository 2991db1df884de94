"""Rules of services: when they are ready, how long they live, which of their ends has failed."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model import events
from lib.model.job import Job
from tests.support.fakes import Fate, jobs, play
from tests.support.rule_case import NEVER, RuleTest


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

    def test_a_stuck_user_releases_the_service_for_those_that_want_its_resource(self) -> None:
        held = {"resources": {"lock": 1}}
        declared = jobs("s; a<s; b", s={"service": True, **held}, a=held, b=held)
        played = play(declared, {"s": Fate(2, leaves=NEVER)})
        self.check(played, "s=passed a=failed b=passed", 1)
        self.assertIn("can never start", played.scheduler.results["a"].reason)

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


if __name__ == "__main__":
    unittest.main()
