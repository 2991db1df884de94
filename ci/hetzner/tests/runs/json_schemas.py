"""What `--json`, `--events` and the dashboard tell fits the JSON Schemas of docs/schemas.

It needs jsonschema, which check.py installs.
"""

from __future__ import annotations

import json
import unittest
from typing import Any

from jsonschema import Draft202012Validator

from lib.model import events
from tests.runs import test_program_output
from tests.support.timelines import every_kind
from tests.unit.dashboard import test_figures
from tests.unit.event_stream.test_schemas import schema, written
from tests.unit.views import test_answer_json

ANSWER = Draft202012Validator(schema("answer"))
EVENT = Draft202012Validator(schema("events"))
HEALTH = Draft202012Validator(schema("health"))
RUNS = Draft202012Validator(schema("runs"))


def answer(text: str) -> Any:
    """Return an answer, which has to fit."""
    told = json.loads(text)
    ANSWER.validate(told)
    return told


def event(line: str) -> Any:
    """Return an event, which has to fit."""
    told = json.loads(line)
    EVENT.validate(told)
    return told


def health(text: str) -> Any:
    """Return the state of a box, which has to fit."""
    told = json.loads(text)
    HEALTH.validate(told)
    return told


def runs(text: str) -> Any:
    """Return entries and runs, which have to fit."""
    told = json.loads(text)
    RUNS.validate(told)
    return told


class Schemas(unittest.TestCase):
    def test_schemas_are_valid(self) -> None:
        for each in (ANSWER, EVENT, HEALTH, RUNS):
            each.check_schema(each.schema)

    def test_each_event_fits(self) -> None:
        for each in every_kind():
            EVENT.validate(written(each))

    def test_other_things_do_not_fit(self) -> None:
        good = written(events.Started(1.0, "a", 1))
        for change in ({"at": "1"}, {"attempt": 1.5}, {"job": None}, {"event": "Other"}):
            self.assertFalse(EVENT.is_valid({**good, **change}), change)
        del good["job"]
        self.assertFalse(EVENT.is_valid(good))


class Answers(test_answer_json.Answers):
    read = staticmethod(answer)


class AnswersOfRuns(test_program_output.Answers):
    read = staticmethod(answer)


class EventsOfRuns(test_program_output.Followed):
    read = staticmethod(event)


class AnswersOfCommits(test_program_output.OfCommits):
    read = staticmethod(answer)


class HealthOfBoxes(test_figures.Health):
    read = staticmethod(health)


class RunsOfBoxes(test_figures.Runs):
    read = staticmethod(runs)


if __name__ == "__main__":
    unittest.main()
