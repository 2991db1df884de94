"""Streams of server-sent events: a bounded number at once, each for a bounded time."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Iterator

from lib.dashboard import server_events
from lib.dashboard.answers import BUSY, EVENTS, OK, Answer, headers, say

MOST = 64  # at once: each takes a thread of the server
MOST_OF_CLIENT = 16  # so that one client leaves some to others
LONGEST = 3600.0  # seconds; the client comes back and goes on where it was
QUIET = 5.0  # seconds without a byte; a client that is gone is noticed by then
RETRY = 2.0  # seconds


class Streams:
    """Counts the streams that are open."""

    def __init__(self, most: int = MOST, most_of_client: int = MOST_OF_CLIENT) -> None:
        self._free = most
        self._most = most
        self._most_of_client = most_of_client
        self._of_clients: Counter[str] = Counter()
        self._lock = threading.Lock()

    @property
    def open(self) -> int:
        """How many are open now."""
        return self._most - self._free

    def answer(self, events: Iterator[bytes], client: str = "") -> Answer:
        """Return a stream as an answer; b"" among the events means that nothing has happened.

        `client` is the address of the one who asks, '' if it is not known.
        """
        with self._lock:
            if not self._free or (client and self._of_clients[client] >= self._most_of_client):
                return say(BUSY, [("Retry-After", "30")])
            self._free -= 1
            self._of_clients[client] += 1
        stream = Stream(events, self, client)
        # a proxy that collects the bytes first would show nothing (nginx.org, proxy_buffering)
        return Answer(OK, headers(EVENTS, more=[("X-Accel-Buffering", "no")]), stream)

    def give_back(self, client: str = "") -> None:
        """Count a stream of a client that has ended."""
        with self._lock:
            self._free += 1
            self._of_clients[client] -= 1
            if self._of_clients[client] <= 0:
                del self._of_clients[client]


class Stream:
    """The bytes of one stream; PEP 3333 has the server close it, also when the client is gone."""

    def __init__(self, events: Iterator[bytes], streams: Streams, client: str) -> None:
        self._bytes = _paced(events)
        self._client = client
        self._streams: Streams | None = streams

    def __iter__(self) -> Iterator[bytes]:
        return self._bytes

    def close(self) -> None:
        """End it; what it has open is closed."""
        streams, self._streams = self._streams, None
        if streams is not None:
            try:
                self._bytes.close()  # type: ignore[attr-defined]  # of a generator
            finally:
                streams.give_back(self._client)


def _paced(events: Iterator[bytes]) -> Iterator[bytes]:
    """Yield the events, and a comment where there is none for a while, until the time is over."""
    began = said = time.monotonic()
    yield server_events.retry(RETRY)  # at once: the client sees that it is connected
    try:
        for piece in events:
            now = time.monotonic()
            if piece or now - said >= QUIET:
                said = now
                yield piece or server_events.comment()
            else:
                yield b""
            if now - began >= LONGEST:
                return
    finally:
        events.close()  # type: ignore[attr-defined]
