"""Rules of services that name their ports: declared by whom, ready when, failed when."""

from __future__ import annotations

import math
import unittest
from typing import Any

from dsl import Job
from lib.model import events
from lib.model.cause import Cause
from lib.model.selection import EVERYTHING, plan
from lib.simulate import dry_run
from tests.support.fakes import Fate, Played, jobs, play

NEVER = math.inf


def service(*listens: int, **fields: Any) -> dict[str, Any]:
    return {"service": True, "listens": listens, **fields}


class Declared(unittest.TestCase):
    def test_ports_of_services_only_from_1_to_65535_each_once(self) -> None:
        for value, told in (
            (8889, "expected ports such as (8080,), found 8889"),
            ("8889", "expected ports such as (8080,), found '8889'"),
            ((0,), "expected a port from 1 to 65535, found 0"),
            ((65536,), "expected a port from 1 to 65535, found 65536"),
            ((True,), "expected a port from 1 to 65535, found True"),
            (("80",), "expected a port from 1 to 65535, found '80'"),
            ((80, 80), "expected each port once, found [80, 80]"),
        ):
            wrong: Any = value
            with self.assertRaises(ValueError) as caught:
                Job("web", "true", service=True, listens=wrong)
            self.assertEqual(str(caught.exception), f"job web: listens: {told}")
        with self.assertRaisesRegex(ValueError, "job web: listens: is for services"):
            Job("web", "true", listens=(80,))

    def test_a_range_and_a_list_declare_the_same(self) -> None:
        one = Job("web", "true", service=True, listens=range(80, 83))
        self.assertEqual(one, Job("web", "true", service=True, listens=[80, 81, 82]))
        self.assertEqual(one.but(nice=1).listens, (80, 81, 82))


class Decided(unittest.TestCase):
    """The decisions of the loop, with a fake executor and clock."""

    def ready_at(self, played: Played) -> list[float]:
        return [event.at for event in played.of(events.Ready)]

    def cause(self, played: Played, name: str = "web") -> tuple[str, Cause]:
        result = played.scheduler.results[name]
        return result.reason, result.cause

    def test_ready_when_it_listens_on_each(self) -> None:
        declared = jobs("web; suite<web", web=service(1, 2))
        some, each = (1.0, frozenset({1})), (2.0, frozenset({1, 2}))
        played = play(declared, {"web": Fate(NEVER, listens=[some, each])})
        self.assertEqual((played.code, self.ready_at(played)), (0, [2.0]))

    def test_outputs_and_ports_are_both_waited_for(self) -> None:
        declared = jobs("web; suite<web", web=service(1, outputs={"up": "up"}))
        for wrote, heard in ((1.0, 3.0), (3.0, 1.0)):
            fate = Fate(NEVER, writes={"up": wrote}, listens=[(heard, frozenset({1}))])
            self.assertEqual(self.ready_at(play(declared, {"web": fate})), [3.0])

    def test_a_port_that_is_given_up_counts_no_more(self) -> None:
        declared = jobs("web; suite<web", web=service(1, outputs={"up": "up"}, timeout=9))
        given_up = [(1.0, frozenset({1})), (2.0, frozenset[int]())]
        played = play(declared, {"web": Fate(NEVER, writes={"up": 3}, listens=given_up)})
        self.assertEqual(played.outcomes(), "web=timed out suite=skipped")
        self.assertIn("no process of it listens on port 1", self.cause(played)[0])

    def test_another_process_on_a_port_fails_it_at_once(self) -> None:
        declared = jobs("web; suite<web", web=service(1, timeout=99))
        played = play(declared, {"web": Fate(NEVER, taken=2)})
        self.assertEqual(played.outcomes(), "web=failed suite=skipped")
        self.assertLess(played.executor.clock.time, 3)
        reason, cause = self.cause(played)
        self.assertIn("port 1 is held by pid 1", reason)
        self.assertEqual(cause, Cause.PORT_TAKEN)

    def test_it_is_tried_again_like_any_other(self) -> None:
        declared = jobs("web; suite<web", web=service(1, retries=1))
        fates = [Fate(NEVER, taken=2), Fate(NEVER, listens=[(1.0, frozenset({1}))])]
        self.assertEqual(play(declared, {"web": fates}).outcomes(), "web=flaky suite=passed")

    def test_a_service_that_ends_without_ever_listening_has_failed(self) -> None:
        declared = jobs("web; suite<web", web=service(1))
        for fate in (Fate(1), Fate(1, leaves=2)):
            played = play(declared, {"web": fate})
            self.assertEqual(played.outcomes(), "web=failed suite=skipped")
            reason, cause = self.cause(played)
            self.assertIn("no process of it listens on port 1", reason)
            self.assertEqual(cause, Cause.SERVICE_GONE)

    def test_a_service_that_ends_while_it_is_needed_has_failed_even_with_0(self) -> None:
        declared = jobs("web; suite<web", web=service(1))
        fate = Fate(3, listens=[(1.0, frozenset({1}))])
        played = play(declared, {"web": fate, "suite": Fate(9)})
        self.assertIn("web=failed", played.outcomes())
        self.assertIn("while suite still needed it", self.cause(played)[0])

    def test_process_that_a_body_leaves_has_time_until_it_listens(self) -> None:
        declared = jobs("web; suite<web", web=service(1))
        fate = Fate(1, leaves=NEVER, listens=[(4.0, frozenset({1}))])
        played = play(declared, {"web": fate})
        self.assertEqual((played.code, self.ready_at(played)), (0, [4.0]))

    def test_one_without_outputs_and_listens_is_told_of_both(self) -> None:
        declared = jobs("db; test<db", db={"service": True, "timeout": 1})
        reason, _ = self.cause(play(declared, {"db": Fate(NEVER)}), "db")
        self.assertRegex(reason, "outputs=.*listens=")

    def test_a_dry_run_lets_it_be_ready_after_its_usual_time(self) -> None:
        for outputs in ({}, {"up": "up"}):
            declared = jobs("web; suite<web", web=service(1, outputs=outputs))
            made = plan(declared, EVERYTHING, {"web": 3, "suite": 1})
            told = dry_run.lines(made, {"web": 3, "suite": 1})
            self.assertIn("3.0 s start suite: after web", "\n".join(told))


if __name__ == "__main__":
    unittest.main()
