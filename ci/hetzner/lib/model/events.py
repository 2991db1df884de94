"""The events of a run, and the bus that carries them from the scheduler to its listeners.

Every view (log file, terminal, summary, history, commit statuses) is a listener of this one
stream: a new view never edits the loop. `at` is always seconds on the run's clock.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from lib.model.declared_job import DeclaredJob
from lib.model.result import AttemptRecord, Outcome, Result


class RunDeclared(NamedTuple):
    """The first event: the run, and its jobs as far as listeners need them.

    `run` is the name of its directory ('' if it keeps none), `header` has the fields of
    summary.json on the tree and the selection. It `began` at this time, in seconds since the
    epoch, and `before` are the seconds from there to the beginning of the run's clock (checkout).
    """

    at: float
    run: str
    header: Mapping[str, object]
    began: float
    before: float
    jobs: tuple[DeclaredJob, ...]


class RunStarted(NamedTuple):
    """The run begins: the selected jobs, and those left out on request.

    `seed` is that of a random order, None for the order of urgency.
    """

    at: float
    names: tuple[str, ...]
    filtered: tuple[str, ...]
    seed: int | None = None


class PhaseStarted(NamedTuple):
    """A phase begins, in a run of several."""

    at: float
    title: str


class Started(NamedTuple):
    """A job's body is about to start; attempts count from 1.

    `waited_for` is the dependency, pool or delay that held it back last.
    """

    at: float
    job: str
    attempt: int
    waited_for: str = ""


class OutputReady(NamedTuple):
    """A running job has written a promised output."""

    at: float
    job: str
    output: str


class Ready(NamedTuple):
    """A service is ready; it stays until no job needs it."""

    at: float
    job: str


class TimedOut(NamedTuple):
    """A job has used up its `seconds` and is being stopped."""

    at: float
    job: str
    seconds: float


class Leaked(NamedTuple):
    """A job ended and left `processes` (one description each), which are being stopped."""

    at: float
    job: str
    processes: tuple[str, ...]


class AttemptEnded(NamedTuple):
    """One try of a job is over; `again` tells whether another one follows."""

    at: float
    job: str
    record: AttemptRecord
    again: bool


class Finished(NamedTuple):
    """A job, or a pass of one that runs in two phases, has its outcome.

    `result` is a copy of the job's result so far, the worse of its passes; `outcome` and `reason`
    are of this pass alone. `again` tells whether a pass has yet to end, which may never begin.
    """

    at: float
    job: str
    result: Result
    outcome: Outcome
    reason: str
    repeated: bool = False
    again: bool = False


class FastFail(NamedTuple):
    """The run ends early because of a failure; `reason` is a sentence for people."""

    at: float
    reason: str


class Interrupted(NamedTuple):
    """A signal or the run's own timeout cuts the run off; `running` are the jobs that it hit."""

    at: float
    reason: str
    running: tuple[str, ...]


class Running(NamedTuple):
    """A running job: the seconds of its attempt so far, and its activity."""

    job: str
    seconds: float
    doing: str


class Asked(NamedTuple):
    """A user asks for the running jobs: these, and the numbers of waiting and ended nodes."""

    at: float
    running: tuple[Running, ...]
    waiting: int
    ended: int


class Note(NamedTuple):
    """A note for readers of the log; it changes no outcome."""

    at: float
    text: str


class Left(NamedTuple):
    """No job runs any more: by how much each amount on the machine differs from before."""

    at: float
    amounts: Mapping[str, int]


class RunEnded(NamedTuple):
    """The jobs of the run are over: the exit code that they amount to, and all results."""

    at: float
    code: int
    results: tuple[Result, ...]


class RunAgain(NamedTuple):
    """The words that run a failed job again, an argument vector."""

    at: float
    job: str
    words: tuple[str, ...]


class RunConcluded(NamedTuple):
    """The last event: the verdict on the run, and its seconds from its beginning."""

    at: float
    seconds: float
    exit_code: int
    verdict: str


Event = (
    RunDeclared
    | RunStarted
    | PhaseStarted
    | Started
    | OutputReady
    | Ready
    | TimedOut
    | Leaked
    | AttemptEnded
    | Finished
    | FastFail
    | Interrupted
    | Asked
    | Note
    | Left
    | RunEnded
    | RunAgain
    | RunConcluded
)
OfJob = Started | OutputReady | Ready | TimedOut | Leaked | AttemptEnded | Finished | RunAgain
Listener = Callable[[Event], None]


class Bus:
    """Hands each event to every listener. A listener that breaks changes no outcome, not
    even one that raises SystemExit.

    Its error is kept in `faults` and given to `on_fault`, once for each listener.
    """

    def __init__(
        self, listeners: Sequence[Listener], on_fault: Callable[[Listener, BaseException], None]
    ) -> None:
        self.listeners = listeners
        self.on_fault = on_fault
        self.faults: dict[int, BaseException] = {}

    def add(self, listener: Listener) -> None:
        """Add a listener, the last of all."""
        self.listeners = [*self.listeners, listener]

    def emit(self, event: Event) -> None:
        """Give the event to all listeners, in their order."""
        for listener in self.listeners:
            try:
                listener(event)
            except KeyboardInterrupt:  # Ctrl-C, in a program without our handlers
                raise
            except BaseException as error:  # noqa: BLE001 - a view may break in any way
                if id(listener) not in self.faults:
                    self.faults[id(listener)] = error
                    self.on_fault(listener, error)
