"""Decides which node that could run starts next: by urgency, slots, pools, pressure, and quiet.

Knows nothing of what a node waits for before it is queued, nor what becomes of it afterwards.
"""

from __future__ import annotations

import math
from collections.abc import Callable

from lib.model.run_plan import RunPlan
from lib.scheduler.nodes import Track
from lib.scheduler.pools import Pools, ReadyQueue
from lib.scheduler.protocol import Gauge
from lib.scheduler.throttle import Throttle


class Starts:
    """The queued nodes, and what they take and give back.

    `plan` says which of them are short, and how urgent each is; `note` is told when starts are
    held back. A retry that asks for it starts when nothing else runs, and nothing starts beside it.
    """

    def __init__(self, plan: RunPlan, gauge: Gauge, note: Callable[[str], None]) -> None:
        limits = plan.limits
        self._pools = Pools(limits.pools, limits.max_parallel)
        self._bounded = limits.max_parallel is not None
        self._plan = plan
        self._throttle = Throttle(limits.pressure, gauge)
        self._note = note
        self._queue = ReadyQueue()
        self._for_quiet = ReadyQueue()  # retries that wait until nothing else runs
        self._alone: Track | None = None  # the one that runs alone now
        self._tracks: dict[str, Track] = {}  # those that are queued

    def push(self, track: Track) -> None:
        """Queue a node that has all it needs but slot and resources."""
        alone = track.tries > 0 and track.node.job.retry_alone
        self._push(self._for_quiet if alone else self._queue, track)

    def discard(self, track: Track) -> None:
        """Forget a node, queued or not."""
        self._queue.discard(track.key)
        self._for_quiet.discard(track.key)

    def next(self, now: float, *, running: int) -> Track | None:
        """Take and return the node to start now; None if none may, with so many running."""
        if self._alone is not None:
            return None
        if (key := self._queue.pop(self._pools)) is not None:
            track = self._tracks[key]
            return None if self._holds_back(track, now, running) else self._take(track)
        self._throttle.release()
        if not running and (key := self._for_quiet.pop(self._pools)) is not None:
            self._alone = self._tracks[key]
            return self._take(self._alone)
        return None

    def first(self) -> Track | None:
        """Return the most urgent of those that are queued, whether it fits or not."""
        key = self._queue.first() or self._for_quiet.first()
        return None if key is None else self._tracks[key]

    def settle(self) -> None:
        """Note that all who may have started: from here on others may be short of something."""
        self._pools.settle()

    def held_by(self, track: Track) -> str:
        """Return what a node that starts now has waited for in the queue."""
        if track is self._alone:
            return "a quiet machine"
        slot = "a free slot" if self._bounded else "a retry that ran alone"
        return track.held_back or self._pools.was_short(track.needs) or slot

    def short(self, track: Track) -> str:
        """Name what is not free of what a node needs."""
        return self._pools.short(track.needs)

    def serves(self, track: Track) -> None:
        """Take the slot of a service that is ready: it would keep it from those that it serves."""
        if track is self._alone:  # they would wait for its end for ever
            self._alone = None
        self._give_slot(track)

    def give_back(self, track: Track) -> None:
        """Take back all that an ended attempt has taken."""
        if track is self._alone:
            self._alone = None
        self._pools.give(track.needs)
        if track.has_slot:
            self._give_slot(track)

    @property
    def look_again(self) -> float:
        """When to ask for the next one though nothing has happened: infinity unless held back."""
        return self._throttle.look_again

    @property
    def blind(self) -> bool:
        """Whether starts are to be held back by a pressure that this machine does not tell."""
        return self._throttle.blind()

    def _push(self, queue: ReadyQueue, track: Track) -> None:
        self._tracks[track.key] = track
        rank = track.name not in self._plan.short, -self._plan.urgency.get(track.name, 0.0)
        queue.push(track.key, track.needs, rank, track.position)

    def _take(self, track: Track) -> Track:
        self._pools.take(track.needs)
        track.has_slot = True
        return track

    def _give_slot(self, track: Track) -> None:
        self._pools.give_slot()
        track.has_slot = False

    def _holds_back(self, track: Track, now: float, running: int) -> bool:
        """Put a node back into the queue if the machine is too busy for another one."""
        held_already = self._throttle.look_again < math.inf
        if not self._throttle.holds(now, busy=running > 0):
            return False
        if not held_already:
            self._note(f"starts are held back: {self._throttle.reason}")
        track.held_back = self._throttle.reason
        self._push(self._queue, track)
        return True
