"""The worker's loop: sleeps until something happens, and has the dispatcher decide.

It wakes when a command ends, a signal comes, the queue changes or a time is due, and looks once a
second: the byte that tells of a change may be lost.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import NamedTuple

from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.commit_queue.wake import LONGEST, Waker
from lib.common import signal_names
from lib.common.locks import Held
from lib.common.sd_notify import Notifier
from lib.processes.wait import Ready, Waiter
from lib.queue_worker.dispatcher import Dispatcher
from lib.queue_worker.orphaned_commands import OrphanedCommands
from lib.queue_worker.run_processes import RunProcesses
from lib.queue_worker.status_poster import StatusPoster

IDLE = "waits for commits"
STATUSES = (
    10.0  # seconds that the end waits for the statuses of the queue; the next worker has them
)
OVER, FAILED = 0, 1


class LoopParts(NamedTuple):
    """All that a loop turns."""

    queue: CommitQueue
    dispatcher: Dispatcher
    runs: RunProcesses
    statuses: StatusPoster
    orphaned: OrphanedCommands
    waiter: Waiter
    waker: Waker
    notifier: Notifier
    lock: Held
    say: Callable[[str], None]


class WorkerLoop:
    """Turns until a signal comes or, if only `once`, until nothing waits and nothing runs."""

    def __init__(self, parts: LoopParts, *, once: bool) -> None:
        self._parts = parts
        self._once = once
        self._code: int | None = None  # once it is stopping
        self._broken = ""  # the error of the queue that was told last
        self._alive = 0.0  # when to tell systemd that we are

    def run(self) -> int:
        """Work to the end; return the exit code."""
        self._parts.notifier.ready(IDLE)
        while True:
            self._step()
            if self._is_over():
                break
            self._heed(self._wait())
        self._parts.notifier.stopping()
        self._parts.statuses.close(STATUSES)
        return OVER if self._code is None else self._code

    def _step(self) -> None:
        parts = self._parts
        parts.orphaned.look()
        if self._code is None and parts.lock.lost:
            parts.say(f"stops: its lock {parts.lock.path} was removed, another worker may run")
            self._stop(FAILED)
        try:
            parts.dispatcher.step()
            self._broken = ""
        except OSError as error:  # the queue's: the next step makes up for this one
            if str(error) != self._broken:
                self._broken = str(error)
                parts.say(f"tries again each second: {error}")
        running = parts.dispatcher.running
        idle = parts.dispatcher.held_up or IDLE
        parts.notifier.status(f"runs {', '.join(running)}" if running else idle)
        self._tell_alive()

    def _tell_alive(self) -> None:
        period, now = self._parts.notifier.period, time.monotonic()
        if period is not None and now >= self._alive:
            self._alive = now + period
            self._parts.notifier.alive()

    def _is_over(self) -> bool:
        parts = self._parts
        if parts.dispatcher.busy:
            return False
        if self._code is not None:
            return True
        if not self._once or self._broken or parts.orphaned.obstacle:
            return False
        if not parts.queue.entries(states=[State.WAITING], limit=1):
            return True
        coming = parts.queue.peek()
        if coming is None or parts.dispatcher.keeps_back(coming):
            self._code = FAILED  # no room, the queue is paused, or commands cannot start
        return self._code is not None

    def _wait(self) -> Ready:
        parts, now = self._parts, time.monotonic()
        due = now + LONGEST
        if not self._broken:
            due = min(due, parts.dispatcher.due, parts.runs.due, parts.orphaned.due)
        if parts.notifier.period is not None:
            due = min(due, self._alive)
        ready = parts.waiter.wait(max(0.0, due - now), parts.waker.opened())
        if ready.readable:
            parts.waker.drain()
        return ready

    def _heed(self, ready: Ready) -> None:
        for number in ready.signals:
            if number == signal_names.ASKED:
                self._parts.say(", ".join(self._parts.dispatcher.running) or "nothing runs")
            elif self._code is None:
                self._parts.say(f"{signal_names.name_of(number)}: asks all runs to end")
                self._stop(signal_names.exit_code(number))
            else:
                self._parts.say(f"{signal_names.name_of(number)} once more: ends them by force")
                self._parts.dispatcher.kill()

    def _stop(self, code: int) -> None:
        self._code = code
        self._parts.dispatcher.stop()
