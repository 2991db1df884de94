"""The reason why a cache had no entry for a job."""

from __future__ import annotations

import json

from lib.commands import cache_reason
from tests.support.stored_runs import JOB, SUMMARY, WithStore


class CacheReason(WithStore):
    def add(self, hour: int, state: object, key: object = None) -> str:
        name = f"20261130T{hour:02}0000Z-0123456"
        jobs = [{**JOB, "name": "build", "cache": state}]
        record = {"build.cache.json": json.dumps({"key": key})} if key else {}
        self.make({**SUMMARY, "jobs": jobs}, {**record}, name)
        return name

    def lines(self, name: str, state: str = "miss") -> str:
        run = self.store.find(name)
        return "\n".join(cache_reason.lines(run, self.store.runs(), "build", state))

    def test_miss_is_explained_by_the_latest_run_with_an_entry(self) -> None:
        self.add(1, "hit", ["a"])
        last = self.add(2, "stored", ["b"])
        self.add(3, "miss", ["c"])
        now = self.add(4, "stored", ["d"])
        self.add(5, "hit", ["e"])
        self.assertEqual(
            self.lines(now),
            f"its cache: missed; since its last entry, of {last}, these changed:\n"
            "  its key:\n    - b\n    + d",
        )

    def test_same_key_means_that_the_entry_was_removed(self) -> None:
        self.add(1, "stored", ["a"])
        self.assertIn("so the entry was removed since", self.lines(self.add(2, "miss", ["a"])))

    def test_each_other_state_has_its_words(self) -> None:
        for hour, (state, words) in enumerate(
            (
                ("hit", "hit, so it was restored"),
                ("off", "off, since"),
                ("no key", "no key, since"),
                ("unusable", "not usable"),
                ("miss", "is not recorded"),
                ("", ""),
                ("odd", ""),
            )
        ):
            with self.subTest(state):
                self.assertIn(words, told := self.lines(self.add(hour, state), state))
                self.assertEqual(bool(told), bool(words))

    def test_damaged_summaries_of_earlier_runs_are_passed_over(self) -> None:
        for hour, state in enumerate((None, "odd", ["hit"], 1)):
            self.add(hour, state, ["a"])
        self.make("[]", name="20261130T050000Z-0123456")
        self.assertIn("no earlier run", self.lines(self.add(6, "miss", ["a"])))

    def test_first_run_says_so_and_control_characters_are_shown_as_dots(self) -> None:
        self.assertIn("no earlier run", self.lines(self.add(1, "stored", ["\x1b[31m"])))
        self.assertIn("- ·[31m", self.lines(self.add(2, "miss", ["b"])))
