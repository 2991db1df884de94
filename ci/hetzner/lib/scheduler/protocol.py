"""The narrow seam between the scheduler, which decides, and an executor, which acts.

The real executor, the dry run and the fakes of the tests all stand behind this protocol.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from lib.model.phases import Node
from lib.model.result import Load


class StepKind(enum.Enum):
    """What an attempt starts a process for."""

    RESTORE = "restore"
    BODY = "body"
    STORE = "store"


# exit codes of the RESTORE step: the cache has nothing for the job, and for the last two there is
# no sense in storing
MISS, NO_KEY, UNUSABLE = 3, 4, 5


class Step(NamedTuple):
    """One process to start for an attempt of a node.

    `number` is that of the attempt, from 1 over all passes of its job. `watch` are the outputs
    that `Wrote` tells of while the body still runs.
    """

    node: Node
    number: int
    kind: StepKind
    watch: tuple[str, ...] = ()


class StartError(Exception):
    """A step could not be started; the message says what was expected, and what was found."""


class Exited(NamedTuple):
    """The process that was started for a step ended; `code` is negative for a signal.

    `left` describes the processes that it left running: while there are any, a `Gone` follows.
    `missing` are the promised outputs that were not written since the step began. `told` is what
    the cache has to say of a RESTORE or STORE step, and of a BODY what may explain why it failed,
    '' for nothing. `by_itself` tells that it had ended before the tree was stopped.
    """

    key: str
    code: int
    left: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    told: str = ""
    by_itself: bool = False


class Gone(NamedTuple):
    """Nothing of a tree is left, but for `survivors` that not even KILL could end.

    `missing` is what `Exited` tells, as it is now: what was left may have removed an output.
    `by_itself` tells that nobody was left of it before it was stopped.
    """

    key: str
    survivors: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    by_itself: bool = False


class Wrote(NamedTuple):
    """A promised output appeared while the attempt's processes still run."""

    key: str
    output: str


class Listens(NamedTuple):
    """On which of its `ports` a tree, and nobody else, listens from now on, until told anew."""

    key: str
    ports: tuple[int, ...] = ()


class Occupied(NamedTuple):
    """Somebody else listens on a port that a tree is to listen on; `holder` describes him."""

    key: str
    port: int
    holder: str


class Signalled(NamedTuple):
    """The runner itself received a signal that asks it to end."""

    number: int


class Asked(NamedTuple):
    """Somebody wants to know what runs (SIGUSR1)."""


class Remark(NamedTuple):
    """Something an executor wants the log to say that changes no outcome."""

    text: str


Report = Exited | Gone | Wrote | Listens | Occupied | Signalled | Asked | Remark


class Executor(Protocol):
    """Starts and stops process trees. Knows no graph, no retries and no outcome."""

    def start(self, step: Step) -> None:
        """Start a step. Raises StartError."""
        ...

    def stop(self, key: str, *, hung: bool = False) -> None:
        """Ask a tree to end: TERM now, KILL after the grace. Never blocks; reports follow.

        One that has `hung` beyond its time leaves in its log what it was about.
        A tree whose end is among the reports that `wait` returned last is ended already.
        """
        ...

    def kill(self, key: str) -> None:
        """End a tree that is being stopped without further grace. Never blocks."""
        ...

    def wait(self, deadline: float) -> Sequence[Report]:
        """Return what happened, waiting until something does or the clock reaches `deadline`."""
        ...


class Clock(Protocol):
    """Tells seconds that only grow."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        ...


Gauge = Callable[[], Load]  # tells how busy the machine is at this moment
