"""The interface between the scheduler, which decides, and an executor, which acts.

The real executor, the dry run and the fakes of the tests all implement it.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

from lib.model.job import Job
from lib.model.phases import Node
from lib.model.result import Load


class StepKind(enum.Enum):
    """What an attempt starts a process for."""

    RESTORE = "restore"
    BODY = "body"
    STORE = "store"


# exit codes of the RESTORE step: the cache holds no artifact for the job; after the last two the
# attempt does not store one either
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
    """The first process of a step ended; `code` is negative for a signal.

    `left` describes the processes that it left running: if there are any, a `Gone` follows.
    `missing` are the promised outputs that were not written since the step began. `note` is one of
    the cache on a RESTORE or STORE step, or a hint why a BODY failed, '' for none. `by_itself`:
    it had ended before the executor stopped the tree.
    """

    key: str
    code: int
    left: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    note: str = ""
    by_itself: bool = False


class Gone(NamedTuple):
    """All processes of a tree have ended, but for `survivors` that KILL could not end.

    `missing` are the promised outputs that are missing now: a process that was left may have
    removed one. `by_itself`: all had ended before the executor stopped the tree.
    """

    key: str
    survivors: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    by_itself: bool = False


class Wrote(NamedTuple):
    """A promised output was written while the processes of the attempt still run."""

    key: str
    output: str


class Listens(NamedTuple):
    """A tree, and no other process, listens on these of its `ports`, until the next such report."""

    key: str
    ports: tuple[int, ...] = ()


class Occupied(NamedTuple):
    """Another process, the `holder`, listens on a port of a tree."""

    key: str
    port: int
    holder: str


class Signalled(NamedTuple):
    """The runner itself received a signal that asks it to end."""

    number: int


class Asked(NamedTuple):
    """A person asks which jobs run (SIGUSR1)."""


class CancelAsked(NamedTuple):
    """A user asks to cancel this job, and lets the run go on."""

    job: str


class Remark(NamedTuple):
    """A note of the executor for the log that changes no outcome."""

    text: str


Report = Exited | Gone | Wrote | Listens | Occupied | Signalled | Asked | CancelAsked | Remark


class Executor(Protocol):
    """Starts and stops process trees. Knows no graph, no retries and no outcome."""

    def start(self, step: Step) -> None:
        """Start a step. Raises StartError."""
        ...

    def stop(self, key: str, *, hung: bool = False) -> None:
        """Ask a tree to end: TERM now, KILL after the grace. Never blocks; reports follow.

        With `hung` the log of the job tells where its processes were. A tree whose end is among the
        reports that `wait` returned last has ended already.
        """
        ...

    def kill(self, key: str) -> None:
        """End a tree that is being stopped without further grace. Never blocks."""
        ...

    def wait(self, deadline: float) -> Sequence[Report]:
        """Return reports; wait for one until the clock reaches `deadline`."""
        ...


class Refused(NamedTuple):
    """Other runs of the machine hold `what` a job needs.

    `holders` names them; `end` says when they are expected to end, '' if that is not known.
    `final` is the reason why the job is not to wait, '' if it is.
    """

    what: str
    holders: str
    end: str = ""
    final: str = ""


class MachineShare(Protocol):
    """The resources that all runs of a machine share: ports, and its pools if they say so."""

    def needs(self, job: Job) -> Mapping[str, int]:
        """Return the resources of a job that other runs may hold."""
        ...

    def take(self, node: Node, *, stuck: bool) -> Refused | None:
        """Take all that a node needs of them, or nothing. Never blocks.

        `stuck`: nothing else of this run goes on, so that only another run can help it.
        """
        ...

    def give(self, node: Node) -> None:
        """Give back what a node has taken, if anything. Never blocks."""
        ...


class Clock(Protocol):
    """Tells seconds that only grow."""

    def now(self) -> float:
        """Return the seconds since some fixed moment."""
        ...


Gauge = Callable[[], Load]  # measures the load of the machine at this moment
RetryWaits = Callable[[str], bool]  # whether the next attempt of this job is to wait; never blocks
