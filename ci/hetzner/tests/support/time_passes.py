"""Lets the time of a run pass when its jobs are ready for that, however long a machine takes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Iterator
from typing import Any
from unittest import mock

from lib.common.clock import MonotonicClock
from lib.processes import process_table, wait
from lib.run import execution


@contextlib.contextmanager
def time_passes(seconds: float, when: Callable[[], bool]) -> Iterator[None]:
    """Set the clock of the run in this block ahead, once, as soon as something is so."""
    ahead, over = 0.0, threading.Event()
    waiters: list[Any] = []
    make = wait.make

    class Clock(MonotonicClock):
        def now(self) -> float:
            return super().now() + ahead

    def keep(*given: Any) -> Any:
        waiters.append(make(*given))
        return waiters[-1]

    def work() -> None:
        nonlocal ahead
        while not over.wait(0.01):
            if when():
                ahead = seconds
                for waiter in waiters:
                    waiter.wake()  # it has another time to wait for by now
                return

    thread = threading.Thread(target=work)
    with (
        mock.patch.object(execution, "MonotonicClock", Clock),
        mock.patch.object(wait, "make", keep),
    ):
        thread.start()
        try:
            yield
        finally:
            over.set()
            thread.join()


def asleep(command: str) -> int:
    """Return how many processes with exactly this command line sleep, or are stopped."""
    look = process_table.table()
    return sum(p.state in "ST" and look.command(p.pid) == command for p in look.all())
