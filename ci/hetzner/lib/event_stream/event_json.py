"""The events of a run as JSON: one object an event. `docs/events.md` explains the fields.

`decode` trusts nothing that it reads: a field of another type is damage.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, get_args

from lib.event_stream import typed_json
from lib.model import events
from lib.model.cause import Cause
from lib.model.result import CacheState, Earlier, Outcome, Result

SCHEMA = 1
KINDS: Mapping[str, Any] = {kind.__name__: kind for kind in get_args(events.Event)}
DIGITS = 6  # microseconds


def encode(event: events.Event) -> dict[str, object]:
    """Return an event as JSON has it.

    The result in Finished has no attempts, and RunEnded no results: other events have told them.
    """
    match event:
        case events.Finished():
            fields: dict[str, object] = {**event._asdict(), "result": _result(event.result)}
        case events.AttemptEnded():
            record = event.record._asdict()
            record["started"] = round(event.record.started, DIGITS)
            record["ended"] = round(event.record.ended, DIGITS)
            record["load"] = event.record.load and event.record.load._asdict()
            fields = {**event._asdict(), "record": record}
        case events.RunDeclared():
            jobs = [{**job._asdict(), "resources": dict(job.resources)} for job in event.jobs]
            fields = {"schema": SCHEMA, **event._asdict(), "jobs": jobs}
        case events.RunEnded():
            fields = {"at": event.at, "code": event.code}
        case events.Asked():
            fields = {**event._asdict(), "running": [job._asdict() for job in event.running]}
        case _:
            fields = event._asdict()
    return {"event": type(event).__name__, **fields, "at": round(event.at, DIGITS)}


def _result(result: Result) -> dict[str, object]:
    earlier = result.earlier
    return {
        "name": result.name,
        "outcome": result.outcome,
        "reason": result.reason,
        "cause": result.cause,
        "started": None if result.started is None else round(result.started, DIGITS),
        "ended": None if result.ended is None else round(result.ended, DIGITS),
        "waited_for": result.waited_for,
        "allowed": result.allowed,
        "cache": result.cache,
        "begun": result.begun,
        "earlier": earlier and {"text": earlier.text, "cause": earlier.cause, "run": earlier.run},
    }


def decode(fields: object) -> events.Event:
    """Return the event that an object of JSON tells of. Raises ValueError."""
    if not isinstance(fields, dict):
        raise ValueError(f"expected an object, found {type(fields).__name__}")
    kind = KINDS.get(str(fields.get("event")))
    if kind is None:
        raise ValueError(f"expected the name of an event, found {fields.get('event')!r}")
    if kind is events.RunEnded:
        fields = {**fields, "results": []}
    if kind is events.RunDeclared and fields.get("schema") != SCHEMA:
        raise ValueError(f"expected schema {SCHEMA}, found {fields.get('schema')!r}")
    event: events.Event = typed_json.reader(kind)(fields)
    return event


class ResultFields(NamedTuple):
    """The result of a job as an event tells it."""

    name: str
    outcome: Outcome | None
    reason: str
    cause: Cause
    started: float | None
    ended: float | None
    waited_for: str
    allowed: bool
    cache: CacheState | None
    begun: bool
    earlier: Earlier | None


def _read_result(value: object) -> Result:
    known: ResultFields = typed_json.reader(ResultFields)(value)
    result = Result(known.name)
    result.__dict__.update(known._asdict())
    return result


typed_json.READERS[Result] = _read_result
