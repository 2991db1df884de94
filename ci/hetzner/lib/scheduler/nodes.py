"""The states of a node, the table of the moves that are allowed, and the facts on one node."""

from __future__ import annotations

import enum
from collections.abc import Collection
from typing import NamedTuple

from lib.model import events
from lib.model.phases import Node
from lib.model.result import Result
from lib.scheduler.attempt import Attempt
from lib.scheduler.pools import Needs
from lib.scheduler.protocol import StepKind
from lib.scheduler.service_attempt import ServiceAttempt


class State(enum.Enum):
    """The state of a node."""

    WAITING = "waits for its dependencies"
    DELAYED = "waits for its delay"
    QUEUED = "waits for resources"
    RUNNING = "runs"
    SERVING = "is ready and serves others"
    STOPPING = "is being stopped"
    ENDED = "has its outcome"

    __hash__ = object.__hash__  # that of Enum makes a hash of the name each time


# Python 3.11 takes longer to find a member in its class than for a call
WAITING, DELAYED, QUEUED, RUNNING, SERVING, STOPPING, ENDED = State

NEXT = {
    WAITING: {DELAYED, QUEUED, ENDED},
    DELAYED: {WAITING, QUEUED, ENDED},
    QUEUED: {WAITING, RUNNING, ENDED},
    RUNNING: {WAITING, SERVING, STOPPING, ENDED},
    SERVING: {STOPPING, ENDED},
    STOPPING: {WAITING, RUNNING, ENDED},
    ENDED: set[State](),
}
IDLE = (WAITING, DELAYED, QUEUED)
ACTIVE = (RUNNING, STOPPING)
STARTED = (RUNNING, SERVING, STOPPING)

DOING = {StepKind.RESTORE: "asks its cache", StepKind.STORE: "stores in its cache"}


class Effect(enum.Enum):
    """What the end of a node means to the nodes that depend on it."""

    PASSED = "they may start"
    ALLOWED = "they may start, unless they need an output that it did not write"
    FAILED = "they are skipped"
    CANCELLED = "nothing: the run is being cut off, and cancels them too"


class End(NamedTuple):
    """The end of a node: its effect, the job that failed first, and the outputs that it wrote."""

    effect: Effect
    failed_job: str
    wrote: Collection[str] = ()


class NodeRun:
    """The facts on one node while the run goes on; `NodeStates` sets `state`."""

    def __init__(self, node: Node, result: Result, position: int) -> None:
        self.node = node
        self.job = node.job
        self.key = node.key
        self.name = node.job.name
        self.result = result  # of its job, over all passes
        self.resources: Needs = tuple(sorted(node.job.resources.items()))
        self.position = position  # in declared order
        self.state = WAITING
        self.attempt = self._attempt(0, 0.0)
        self.due = 0.0  # the end of its delay, seconds on the run's clock
        self.queued_in = 0  # the round of the loop in which it was queued
        self.ticket = 0  # tells its place in the queue from an earlier one
        self.held_back = ""  # the pressure that held it back
        self.has_slot = False
        self.cache_notes: set[str] = set()  # notes on its cache, of all attempts
        # its neighbours, and which needs are met: for `readiness`
        self.edges: list[tuple[NodeRun, str | None]] = []  # a need, and the output that is needed
        self.needs: list[NodeRun] = []
        self.dependents: list[tuple[NodeRun, str | None]] = []
        self.users = 0  # how many nodes that depend on it have not ended
        self.watch: tuple[str, ...] = ()  # outputs to report while the body still runs
        self.met: set[str | None] = set()  # outputs that count; None: it is ready as a service
        # one more than its edges: the opening of its phase is a need as well
        self.unmet = len(node.edges) + 1
        self.freed_by = ""  # the job or phase that met its last need
        self.failed_job = ""  # the job for which it is skipped
        self.end: End | None = None

    def new_attempt(self, began: float) -> Attempt:
        """Make another attempt the one that counts, and return it."""
        self.attempt = self._attempt(self.attempt.number + 1, began)
        return self.attempt

    def _attempt(self, number: int, began: float) -> Attempt | ServiceAttempt:
        kind = ServiceAttempt if self.job.service else Attempt
        return kind(self.node, number, began)

    @property
    def doing(self) -> str:
        """Its state in words."""
        state: str = self.state.value
        return DOING.get(self.attempt.step, state) if self.state is RUNNING else state


def snapshot(nodes: Collection[NodeRun], now: float) -> events.Asked:
    """Return the nodes that run at this moment, and how many wait or have ended."""
    running = [
        events.Running(node.name, now - node.attempt.began, node.doing)
        for node in nodes
        if node.state in STARTED
    ]
    waiting = sum(node.state in IDLE for node in nodes)
    return events.Asked(now, tuple(running), waiting, len(nodes) - len(running) - waiting)
