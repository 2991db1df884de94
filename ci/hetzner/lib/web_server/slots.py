"""The slots of connections: a bounded number, of which no slow client keeps one that is needed.

When all are taken, the connection that has kept the server waiting for longest is closed. So any
number of slow clients cost the others nothing.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from lib.web_server.connection import Connection
from lib.web_server.limits import Limits

PATIENCE = 1.0  # seconds for the thread of a closed connection to end


class Slots:
    """The connections that are served, and the bytes of their bodies. Thread-safe."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._served: set[Connection] = set()
        self._changed = threading.Condition()

    def enter(self, connection: Connection) -> bool:
        """Give a slot to a connection; False if all slots are busy with answers."""
        with self._changed:
            if not self._make_room(lambda: len(self._served) < self._limits.connections):
                return False
            self._served.add(connection)
            return True

    def reserve(self, connection: Connection, size: int) -> bool:
        """Reserve memory for the body of a request; False if that of all is in use."""

        def fits() -> bool:
            return sum(c.held for c in self._served) + size <= self._limits.bodies_bytes

        with self._changed:
            if not self._make_room(fits, lambda other: other.held > 0):
                return False
            connection.held = size
            return True

    def leave(self, connection: Connection) -> None:
        """Give its slot back, and close it."""
        with self._changed:  # or a later connection of the same number could be cut
            self._served.discard(connection)
            connection.close()
            self._changed.notify_all()

    def cut_longest(self) -> None:
        """Close the connection that has kept the server waiting for longest, if one does."""
        with self._changed:
            self._cut_longest(lambda _: True)

    def close(self, seconds: float) -> None:
        """Close those that send a request, and the others after that time."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while self._cut_longest(lambda _: True):
                pass
            while self._served and (left := deadline - time.monotonic()) > 0:
                self._changed.wait(left)
            for connection in self._served:
                connection.cut()

    def _make_room(
        self, fits: Callable[[], bool], may_go: Callable[[Connection], bool] = lambda _: True
    ) -> bool:
        deadline = time.monotonic() + PATIENCE
        while not fits():
            left = deadline - time.monotonic()
            if left <= 0 or not (self._cut_longest(may_go) or any(map(_was_cut, self._served))):
                return False
            self._changed.wait(left)
        return True

    def _cut_longest(self, may_go: Callable[[Connection], bool]) -> bool:
        waiting = {
            connection: since
            for connection in self._served
            if (since := connection.waits_since) is not None
            and not connection.was_cut
            and may_go(connection)
        }
        if not waiting:
            return False
        min(waiting, key=waiting.__getitem__).cut()
        return True


def _was_cut(connection: Connection) -> bool:
    return connection.was_cut
