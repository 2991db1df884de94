"""Calls a function in a thread of its own, at the times that it asks for."""

from __future__ import annotations

import threading
from collections.abc import Callable

from lib.common import threads

SHORTEST = 0.05  # seconds between two calls
PATIENCE = 2.0  # seconds for the last call: it may write to a reader that does not read


class Ticker:
    """The thread. `tick` returns the seconds until its next call; its error is kept in `error`."""

    def __init__(self, tick: Callable[[], float]) -> None:
        self.error: BaseException | None = None
        self._tick = tick
        self._over = False
        self._woken = threading.Event()
        self._thread = threading.Thread(target=self._run, name="ticker", daemon=True)
        threads.start(self._thread)

    def wake(self) -> None:
        """Make the next call now."""
        self._woken.set()

    def stop(self) -> None:
        """End the thread."""
        self._over = True
        self._woken.set()
        self._thread.join(PATIENCE)

    def _run(self) -> None:
        try:
            while not self._over:
                self._woken.clear()
                self._woken.wait(max(SHORTEST, self._tick()))
        except BaseException as error:  # noqa: BLE001 - the view that owns it tells
            self.error = error
