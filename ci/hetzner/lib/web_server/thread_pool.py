"""Threads that make one call after the other: to begin a thread costs more than a short answer.

The caller bounds how many calls are made at a time, and so the threads.
"""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable

from lib.common import threads

IDLE = 5.0  # seconds without a call after which a thread ends

Call = Callable[[], None]


class ThreadPool:
    """Makes each call at once, in a thread that is idle or in a new one."""

    def __init__(self) -> None:
        self._calls: queue.SimpleQueue[Call | None] = queue.SimpleQueue()
        self._idle = threading.Semaphore(0)  # threads that wait for a call and are promised none

    def begin(self, call: Call) -> None:
        """Make a call, which raises nothing. Raises RuntimeError without a thread left."""
        if self._idle.acquire(blocking=False):
            self._calls.put(call)
        else:
            threads.start(threading.Thread(target=self._work, args=(call,), daemon=True))

    def close(self) -> None:
        """End the threads that are idle; the others end when they have been idle for a while."""
        while self._idle.acquire(blocking=False):
            self._calls.put(None)

    def _work(self, call: Call | None) -> None:
        while call is not None:
            call()
            call = None  # or an idle thread would hold on to a connection
            call = self._next()

    def _next(self) -> Call | None:
        self._idle.release()
        try:
            return self._calls.get(timeout=IDLE)
        except queue.Empty:
            is_promised_none = self._idle.acquire(blocking=False)
            return None if is_promised_none else self._calls.get()
