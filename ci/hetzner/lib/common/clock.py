"""The clock of a run: monotonic seconds that can stand still while the run is suspended."""

from __future__ import annotations

import time


class MonotonicClock:
    """Seconds since it was made, without those between `pause` and `resume`.

    Built on CLOCK_MONOTONIC (clock_gettime(2)), which cannot be set back.
    """

    def __init__(self) -> None:
        self._origin = time.monotonic()
        self._paused_at: float | None = None

    def now(self) -> float:
        """Return the seconds since it was made."""
        moment = time.monotonic() if self._paused_at is None else self._paused_at
        return moment - self._origin

    def pause(self) -> None:
        """Stand still until `resume`."""
        if self._paused_at is None:
            self._paused_at = time.monotonic()

    def resume(self) -> None:
        """Go on from where it was paused."""
        if self._paused_at is not None:
            self._origin += time.monotonic() - self._paused_at
            self._paused_at = None
