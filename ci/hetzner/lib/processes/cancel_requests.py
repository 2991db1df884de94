"""Requests of users to cancel jobs of the run that goes on. Decides nothing on them."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from lib.scheduler.protocol import CancelAsked


class CancelRequests:
    """The requests that no wait has reported yet; `wake` ends the wait, for any thread."""

    def __init__(self, wake: Callable[[], None]) -> None:
        self._wake = wake
        self._jobs: deque[str] = deque()

    def add(self, job: str) -> None:
        """Ask to cancel a job. For any thread; after the run it does nothing."""
        self._jobs.append(job)
        self._wake()

    def taken(self) -> list[CancelAsked]:
        """Return the new ones, once."""
        return [CancelAsked(self._jobs.popleft()) for _ in range(len(self._jobs))]
