"""Decides which queued node starts next: by urgency, free slots, pools and pressure.

It knows neither the dependencies of a node nor the end of one.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lib.model.run_plan import RunPlan
from lib.scheduler.nodes import NodeRun
from lib.scheduler.other_runs import OtherRuns
from lib.scheduler.pools import Needs, Pools
from lib.scheduler.protocol import Gauge, MachineShare
from lib.scheduler.ready_heaps import ReadyHeaps
from lib.scheduler.throttle import Throttle


class StartQueue:
    """The queued nodes, and the slots and resources that started nodes hold.

    `note` writes to the log when pressure or another run holds starts back. A retry of a job with
    `retry_alone` starts when no other job runs, and no other starts while it runs.
    """

    def __init__(
        self,
        plan: RunPlan,
        gauge: Gauge,
        note: Callable[[str], None],
        share: MachineShare | None = None,
    ) -> None:
        limits = plan.limits
        self._pools = Pools(limits.pools, limits.max_parallel)
        self._bounded = limits.max_parallel is not None
        self._plan = plan
        self._throttle = Throttle(limits.pressure, gauge)
        self._note = note
        self.others = OtherRuns(share, note)
        self._fits = self._fits_beside_others if share else self._pools.fits
        self._queue = ReadyHeaps()
        self._retries = ReadyHeaps()  # those that start when no other job runs
        self._alone: NodeRun | None = None  # the retry that runs alone now
        self._tickets = 0

    # ---- for `NodeStates`

    def push(self, node: NodeRun) -> None:
        """Queue a node whose dependencies are met."""
        self._tickets += 1
        node.ticket, node.held_back = self._tickets, ""
        self.others.queued(node)
        self._push(node)

    def take(self, node: NodeRun) -> None:
        """Take a slot and resources for a node that starts."""
        self._pools.take(node.resources)
        node.has_slot = True
        if _wants_quiet(node):
            self._alone = node

    def give_slot(self, node: NodeRun) -> None:
        """Free the slot of a service that is ready, for the jobs that it serves."""
        if node is self._alone:  # they would wait for its end for ever
            self._alone = None
        self._pools.give_slot()
        node.has_slot = False

    def give_back(self, node: NodeRun) -> None:
        """Free what an attempt that has ended still holds."""
        if node is self._alone:
            self._alone = None
        self._pools.give(node.resources, slot=node.has_slot)
        self.others.give(node)
        node.has_slot = False

    # ---- for the loop

    def next(self, now: float, *, running: int, moves: bool = True) -> NodeRun | None:
        """Return the node to start now, None if none may; `running` nodes run.

        `moves` tells whether the end of a node or of a delay is to come.
        """
        self.others.forget(now)
        if self._alone is not None:
            return None
        while node := self._queue.pop(self._fits):
            if self._holds_back(node, now, running):
                return None
            if self._granted(node, now, moves=moves):
                return node
        if self._throttle.look_again < math.inf:
            self._throttle.release()
        while not running and (node := self._retries.pop(self._fits)):
            if self._granted(node, now, moves=moves):
                return node
        return None

    def first(self) -> NodeRun | None:
        """Return the most urgent queued node, whether it fits or not."""
        return self._queue.first() or self._retries.first()

    def settle(self) -> None:
        """Forget what was short before: all nodes that could start have started."""
        self._pools.settle()

    def held_by(self, node: NodeRun) -> str:
        """Return the reason why a node that starts now had to wait in the queue."""
        if _wants_quiet(node):
            return "a quiet machine"
        slot = "a free slot" if self._bounded else "a retry that ran alone"
        return node.held_back or self._pools.was_short(node.resources) or slot

    def short(self, node: NodeRun) -> str:
        """Return the names of the resources that a node needs and that are not free."""
        return self._pools.short(node.resources)

    @property
    def look_again(self) -> float:
        """The moment to ask again without an event: infinity unless starts are held back."""
        return min(self._throttle.look_again, self.others.look_again)

    @property
    def blind(self) -> bool:
        """Whether there is a limit of pressure, but this machine tells none."""
        return self._throttle.blind()

    def _push(self, node: NodeRun) -> None:
        rank = (
            node.name not in self._plan.short,
            -self._plan.urgency.get(node.name, 0.0),
            node.position,
        )
        (self._retries if _wants_quiet(node) else self._queue).push(node, rank)

    def _fits_beside_others(self, needs: Needs) -> bool:
        return not self.others.refuse(needs) and self._pools.fits(needs)

    def _granted(self, node: NodeRun, now: float, *, moves: bool) -> bool:
        """Whether other runs leave what a node needs; else it goes back to wait for it."""
        if self.others.grant(node, now, moves=moves):
            return True
        if self.others.refuse(node.resources):
            self._push(node)
        return False

    def _holds_back(self, node: NodeRun, now: float, running: int) -> bool:
        """Put a node back into the queue if the machine is too busy for another one."""
        held_already = self._throttle.look_again < math.inf
        if not self._throttle.holds(now, busy=running > 0):
            return False
        if not held_already:
            self._note(f"starts are held back: {self._throttle.reason}")
        node.held_back = self._throttle.reason
        self._push(node)
        return True


def _wants_quiet(node: NodeRun) -> bool:
    """Whether the next attempt of a node is one that runs alone."""
    return node.job.retry_alone and node.attempt.number > 0
