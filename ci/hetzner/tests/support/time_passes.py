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
    """Set the clock of the run in this block ahead, once, as soon as something is so.

    The run waits then: it has noted by its clock when each of its jobs began.
    """
    ahead, waits, over = 0.0, False, threading.Event()
    waiters: list[Any] = []
    make = wait.make

    class Clock(MonotonicClock):
        def now(self) -> float:
            return super().now() + ahead

    def keep(*given: Any) -> Any:
        made: Any = make(*given)
        waiters.append(made)
        its_wait = made.wait

        def noted_wait(seconds: float, extra: int | None = None) -> Any:
            nonlocal waits
            waits = True
            try:
                return its_wait(seconds, extra)
            finally:
                waits = False

        made.wait = noted_wait
        return made

    def work() -> None:
        nonlocal ahead
        while not over.wait(0.01):
            if when() and waits:  # in this order
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
