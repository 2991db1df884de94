"""Wishes of users for the run that goes on, from any thread. Decides nothing on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lib.scheduler.protocol import CancelAsked


class Wishes:
    """The wishes that no wait has reported yet; `wake` ends the wait, for any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._cancelled: deque[str] = deque()

    def cancel_job(self, name: str) -> None:
        """Wish that a job is cancelled. For any thread; after the run it does nothing."""
        self._cancelled.append(name)
        self._wake()

    def taken(self) -> list[CancelAsked]:
        """Return the new ones, once."""
        return [CancelAsked(self._cancelled.popleft()) for _ in range(len(self._cancelled))]
