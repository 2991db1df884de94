"""Rules of caches: when one is asked and filled, and what the run says of it."""

from __future__ import annotations

import unittest
from typing import Any

from lib.model import events
from lib.model.job import Job
from lib.scheduler.protocol import NO_KEY, UNUSABLE
from tests.support.fakes import CACHED, Fate, jobs, play
from tests.support.rule_case import RuleTest


class Caches(RuleTest):
    def cached(self, **fields: Any) -> list[Job]:
        return jobs("a; b<a", a={"cache": CACHED, **fields})

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


if __name__ == "__main__":
    unittest.main()
