"""The one place that changes the state of a node, and what is counted of states.

`States.set` keeps the readiness of other nodes, the start queue and the counts in step with the
state. It decides nothing: the loop tells it what to set, and draws the consequences.
"""

from __future__ import annotations

from lib.scheduler.nodes import ACTIVE, NEXT, STARTED, NodeRun, State
from lib.scheduler.readiness import Change, Effect, Readiness
from lib.scheduler.start_queue import StartQueue

NO_CHANGE = Change()


class States:
    """The states of the nodes of a run."""

    def __init__(self, nodes: int, readiness: Readiness, queue: StartQueue) -> None:
        self._readiness = readiness
        self._queue = queue
        self.left = nodes  # nodes that have not ended
        self.active = 0  # nodes that run or are being stopped
        self.delayed = 0
        self.serving: dict[str, NodeRun] = {}  # by key

    def set(self, node: NodeRun, to: State, effect: Effect = Effect.CANCELLED) -> Change:
        """Change the state of a node and return what follows for others.

        `effect` is what the end of a node means to those that depend on it. RuntimeError for a move
        that the table does not hold.
        """
        before = node.state
        if to not in NEXT[before]:
            raise RuntimeError(f"bug: {node.key}: {before.name} -> {to.name}")
        node.state = to
        self.active += (to in ACTIVE) - (before in ACTIVE)
        self.delayed += (to is State.DELAYED) - (before is State.DELAYED)
        if before is State.SERVING:
            del self.serving[node.key]
        if before in STARTED and to not in STARTED:
            self._queue.give_back(node)
        match to:
            case State.WAITING if before in STARTED:
                return self._readiness.again(node.key)
            case State.QUEUED:
                self._queue.push(node)
            case State.RUNNING if before is State.QUEUED:
                self._queue.take(node)
                self._readiness.started(node.key)
            case State.SERVING:
                self.serving[node.key] = node
                self._queue.give_slot(node)
                return self._readiness.ready(node.key)
            case State.ENDED:
                self.left -= 1
                return self._readiness.ended(node.key, effect, node.attempt.outputs)
        return NO_CHANGE
