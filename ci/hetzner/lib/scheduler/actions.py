"""The actions that an attempt asks for, and that `AttemptRunner` carries out. Data only."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.model import events
from lib.model.cause import Why
from lib.model.result import CacheState, Outcome
from lib.scheduler.protocol import StepKind


class Launch(NamedTuple):
    """Start this step."""

    kind: StepKind


class Stop(NamedTuple):
    """Stop the processes of the step; with `hung` their log tells where they were."""

    hung: bool


class Serve(NamedTuple):
    """Let others use the service: it is ready."""


class Conclude(NamedTuple):
    """Give the attempt its outcome; `again` tells whether another attempt is allowed."""

    outcome: Outcome
    why: Why
    again: bool


class CacheNote(NamedTuple):
    """Write into the log why a cache does not work, once for a job."""

    text: str


Action = (
    Launch
    | Stop
    | Serve
    | Conclude
    | CacheState
    | CacheNote
    | events.OutputReady
    | events.Leaked
    | events.TimedOut
)
Actions = Sequence[Action]
