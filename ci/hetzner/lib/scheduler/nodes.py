"""Where each node of a run is, and the one table of the moves that are allowed. No decisions."""

from __future__ import annotations

import enum
from collections.abc import Callable

from lib.model.phases import Node
from lib.scheduler.pools import Needs
from lib.scheduler.protocol import StepKind


class State(enum.Enum):
    """Where a node is."""

    WAITING = "waits for what it depends on"
    DELAYED = "waits for its delay"
    QUEUED = "waits for resources"
    RUNNING = "runs"
    SERVING = "is ready and serves others"
    STOPPING = "is being stopped"
    ENDED = "has its outcome"


NEXT = {  # RUNNING to RUNNING is the next step of the same attempt
    State.WAITING: {State.DELAYED, State.QUEUED, State.ENDED},
    State.DELAYED: {State.WAITING, State.QUEUED, State.ENDED},
    State.QUEUED: {State.WAITING, State.RUNNING, State.ENDED},
    State.RUNNING: {
        State.RUNNING,
        State.WAITING,
        State.QUEUED,
        State.SERVING,
        State.STOPPING,
        State.ENDED,
    },
    State.SERVING: {State.STOPPING, State.ENDED},
    State.STOPPING: {State.WAITING, State.QUEUED, State.RUNNING, State.ENDED},
    State.ENDED: set(),
}
IDLE = (State.WAITING, State.DELAYED, State.QUEUED)
ACTIVE = (State.RUNNING, State.STOPPING)


class Track:
    """What the scheduler knows of one node while the run goes on."""

    def __init__(self, node: Node, needs: Needs, position: int) -> None:
        self.node = node
        self.needs = needs
        self.position = position
        self.state = State.WAITING
        self.step = StepKind.BODY
        self.tries = 0
        self.began = 0.0  # of this try, seconds on the run's clock
        self.queued_in = 0  # the round of the loop in which it was queued
        self.held_back = ""  # the pressure that kept it in the queue
        self.code: int | None = None  # of the body, once that has exited
        self.stores = False  # there is a key to store under, once it has passed
        self.noted: set[str] = set()  # what its cache had to say, in whichever try
        self.verdict: int | None = None  # the code of a body that has ended by itself
        self.ran_tests = False  # its body has ended, and not by a code that says that none ran
        self.wrote: set[str] = set()  # outputs that came while it ran
        self.heard: frozenset[int] = frozenset()  # ports on which it listens, and nobody else
        self.came: set[str] = set()  # outputs that were there when its body ended
        self.lost: tuple[str, ...] = ()  # of those, what was gone when nobody was left of it
        self.leaked: tuple[str, ...] = ()
        self.survivors: tuple[str, ...] = ()
        self.has_slot = False
        self.ready = False  # it has served, or does
        self.ready_at = 0.0  # seconds on the run's clock, once it was ready
        self.released = False  # it is stopped since nobody needs it any more
        self.then: Callable[[], None] | None = None  # what follows when its tree is gone

    @property
    def name(self) -> str:
        """The job's name."""
        return self.node.job.name

    @property
    def key(self) -> str:
        """The node's key."""
        return self.node.key

    @property
    def doing(self) -> str:
        """What it is about, in words, while it runs."""
        if self.state is State.RUNNING and self.step is not StepKind.BODY:
            return "asks its cache" if self.step is StepKind.RESTORE else "stores in its cache"
        return self.state.value

    @property
    def complete(self) -> bool:
        """Whether all that makes a service ready is there: of this try, and at once."""
        job = self.node.job
        return self.wrote.issuperset(job.outputs) and self.heard.issuperset(job.listens)

    def begin(self, now: float) -> None:
        """Begin another try."""
        self.tries += 1
        self.began = now
        self.code, self.lost, self.leaked, self.survivors, self.then = None, (), (), (), None
        self.verdict = None
        self.ready = self.released = self.ran_tests = self.stores = False
        self.heard = frozenset()

    def forget_outputs(self) -> None:
        """Let nothing count that the last try wrote: even if no other one can begin."""
        self.wrote.clear()
        self.came.clear()

    def move(self, to: State) -> None:
        """Change the state; RuntimeError for a move that the table does not hold."""
        if to not in NEXT[self.state]:
            raise RuntimeError(f"bug: {self.key}: {self.state.name} -> {to.name}")
        self.state = to


class Census:
    """Moves nodes, and counts those in the states that the run asks about."""

    def __init__(self) -> None:
        self.running = 0  # nodes that run or are being stopped
        self.delayed = 0
        self.serving: set[str] = set()  # keys

    def move(self, track: Track, to: State) -> None:
        """Change the state of a node; RuntimeError for a move that is not allowed."""
        self.running += (to in ACTIVE) - (track.state in ACTIVE)
        self.delayed += (to is State.DELAYED) - (track.state is State.DELAYED)
        if track.state is State.SERVING:
            self.serving.discard(track.key)
        if to is State.SERVING:
            self.serving.add(track.key)
        track.move(to)
