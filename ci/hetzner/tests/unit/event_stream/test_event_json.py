"""An event becomes JSON and comes back; what is no event is refused with a ValueError."""

from __future__ import annotations

import json
import math
import typing
import unittest

from lib.event_stream import event_json
from lib.model import events
from tests.support.timelines import every_kind


def text(event: events.Event) -> str:
    return json.dumps(event_json.encode(event))


def again(event: events.Event) -> events.Event:
    return event_json.decode(json.loads(text(event)))


class RoundTrip(unittest.TestCase):
    def test_each_kind_of_event_comes_back(self) -> None:
        seen = set()
        for event in every_kind():
            back = again(event)
            self.assertIs(type(back), type(event))
            self.assertEqual(json.loads(text(back)), json.loads(text(event)))
            seen.add(type(event))
        self.assertEqual(seen, set(typing.get_args(events.Event)))


class Damage(unittest.TestCase):
    def test_other_things_are_refused(self) -> None:
        values: list[object] = [
            None,
            [],
            "Started",
            {},
            {"event": "Other", "at": 1},
            {"event": ["Started"]},
            {"event": "Started", "at": 1, "job": "a"},
            {"event": "Started", "at": "1", "job": "a", "attempt": 1},
            {"event": "Started", "at": math.nan, "job": "a", "attempt": 1},
            {"event": "Started", "at": 1e300, "job": "a", "attempt": 1},
            {"event": "Started", "at": 1, "job": ["a"], "attempt": 1},
            {"event": "Started", "at": 1, "job": "a", "attempt": True},
            {"event": "Note", "at": True, "text": "x"},
            {"event": "RunStarted", "at": 1, "names": "ab", "filtered": []},
            {"event": "RunDeclared", "schema": 2, "at": 1},
            {"event": "Left", "at": 1, "amounts": {"x": "y"}},
            {"event": "AttemptEnded", "at": 1, "job": "a", "record": {}, "again": False},
        ]
        for value in values:
            with self.subTest(value), self.assertRaises(ValueError):
                event_json.decode(value)


if __name__ == "__main__":
    unittest.main()
