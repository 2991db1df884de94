"""The JSON Schema of the events says what is written, and nothing else fits."""

from __future__ import annotations

import json
import typing
import unittest

from lib.event_stream import event_json
from lib.model import events
from tests.support.json_schema import Schema
from tests.support.timelines import every_kind

EVENTS = Schema("events")


def written(event: events.Event) -> dict[str, typing.Any]:
    found: dict[str, typing.Any] = json.loads(json.dumps(event_json.encode(event)))
    return found


class Events(unittest.TestCase):
    def test_each_event_fits(self) -> None:
        for event in every_kind():
            self.assertEqual([*EVENTS.problems(written(event))], [], event)

    def test_schema_has_each_kind_and_no_other(self) -> None:
        kinds = [each["$ref"].rpartition("/")[2] for each in EVENTS.root["oneOf"]]
        self.assertEqual(kinds, [kind.__name__ for kind in typing.get_args(events.Event)])

    def test_fields_that_are_written_are_described(self) -> None:
        for event in every_kind():
            name = type(event).__name__
            self.assertEqual(set(written(event)), set(EVENTS.root["$defs"][name]["properties"]))

    def test_other_things_do_not_fit(self) -> None:
        good = written(events.Started(1.0, "a", 1))
        for change in ({"at": "1"}, {"attempt": 1.5}, {"job": None}, {"event": "Other"}):
            self.assertNotEqual([*EVENTS.problems({**good, **change})], [], change)
        del good["job"]
        self.assertNotEqual([*EVENTS.problems(good)], [])


if __name__ == "__main__":
    unittest.main()
