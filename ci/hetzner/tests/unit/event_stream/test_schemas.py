"""The JSON Schema of the events names what is written. json_schemas.py checks the rest of it."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any, get_args

from lib.event_stream import event_json
from lib.model import events
from tests.support.timelines import every_kind

HOME = Path(__file__).resolve().parents[3] / "docs" / "schemas"


def schema(name: str) -> dict[str, Any]:
    found: dict[str, Any] = json.loads((HOME / f"{name}.schema.json").read_text())
    return found


def written(event: events.Event) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(json.dumps(event_json.encode(event)))
    return found


class Events(unittest.TestCase):
    def test_schema_has_each_kind_and_no_other(self) -> None:
        kinds = [each["$ref"].rpartition("/")[2] for each in schema("events")["oneOf"]]
        self.assertEqual(kinds, [kind.__name__ for kind in get_args(events.Event)])

    def test_fields_that_are_written_are_described(self) -> None:
        described = schema("events")["$defs"]
        for event in every_kind():
            fields = described[type(event).__name__]["properties"]
            self.assertEqual(set(written(event)), set(fields))


if __name__ == "__main__":
    unittest.main()
