"""What the scheduler tells its listeners, and the bus that carries it.

Every view (log file, terminal, summary, history, commit statuses) is a listener of this one
stream: a new view never edits the loop. `at` is always seconds on the run's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from lib.model import AttemptRecord, Result


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened in a run, `at` seconds on its clock."""

    at: float


@dataclass(frozen=True, slots=True)
class RunStarted(Event):
    """The run begins: the selected jobs, and those it was told to leave out.

    `seed` is what the random order of this run was made from, None for the order of urgency.
    """

    names: tuple[str, ...]
    filtered: tuple[str, ...]
    seed: int | None = None


@dataclass(frozen=True, slots=True)
class StageStarted(Event):
    """A phase of a run that has several begins."""

    title: str


@dataclass(frozen=True, slots=True)
class Started(Event):
    """A job's body is about to start; attempts count from 1."""

    job: str
    attempt: int


@dataclass(frozen=True, slots=True)
class OutputReady(Event):
    """A running job has written a promised output."""

    job: str
    output: str


@dataclass(frozen=True, slots=True)
class Ready(Event):
    """A service can serve; it stays until nobody needs it."""

    job: str


@dataclass(frozen=True, slots=True)
class TimedOut(Event):
    """A job has used up its `seconds` and is being stopped."""

    job: str
    seconds: float


@dataclass(frozen=True, slots=True)
class Leaked(Event):
    """A job ended and left `processes` (one description each), which are being stopped."""

    job: str
    processes: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AttemptEnded(Event):
    """One try of a job is over; `again` tells whether another one follows."""

    job: str
    record: AttemptRecord
    again: bool


@dataclass(frozen=True, slots=True)
class Finished(Event):
    """A job has its outcome: a copy of its result. Twice for a job that runs in two phases."""

    job: str
    result: Result
    repeated: bool = False


@dataclass(frozen=True, slots=True)
class FastFail(Event):
    """The run ends early because of a failure; `reason` is a sentence for people."""

    reason: str


@dataclass(frozen=True, slots=True)
class Interrupted(Event):
    """A signal or the run's own timeout cuts the run off; `running` are the jobs that it hit."""

    reason: str
    running: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Note(Event):
    """Something a reader of the log should know that changes no outcome."""

    text: str


@dataclass(frozen=True, slots=True)
class RunEnded(Event):
    """The run is over: its exit code and all results."""

    code: int
    results: tuple[Result, ...]


Listener = Callable[[Event], None]


@dataclass(slots=True)
class Bus:
    """Hands each event to every listener. A listener that breaks changes no outcome.

    What it raised is kept in `faults` and told to `on_fault`, once for each listener.
    """

    listeners: Sequence[Listener]
    on_fault: Callable[[Listener, Exception], None]
    faults: dict[int, Exception] = field(default_factory=dict)

    def emit(self, event: Event) -> None:
        """Give the event to all listeners, in their order."""
        for listener in self.listeners:
            try:
                listener(event)
            except Exception as error:  # noqa: BLE001 - a view may break in any way
                if id(listener) not in self.faults:
                    self.faults[id(listener)] = error
                    self.on_fault(listener, error)
