"""Tells when the queue or a run has changed: what a live page waits for."""

from __future__ import annotations

import threading
import time
import zlib
from collections.abc import Iterator
from itertools import islice

from lib.commit_queue.queue_reader import QueueReader
from lib.dashboard import server_events
from lib.dashboard.run_lines import stamp
from lib.event_stream.event_file import NAME as EVENTS
from lib.run_directories.run_store import RunStore

PAUSE = 0.5  # seconds between two looks
LOOKED_AT = 20  # of the newest runs, among which are those that go on


class Changes:
    """Looks at most once in a pause, however many pages wait."""

    def __init__(self, queue: QueueReader, store: RunStore) -> None:
        self._queue = queue
        self._store = store
        self._lock = threading.Lock()
        self._looked = -PAUSE
        self._version = ""

    def version(self, *, fresh: bool = True) -> str:
        """Return a text that differs when something has changed; `fresh`: look at once."""
        with self._lock:
            if fresh or time.monotonic() - self._looked >= PAUSE:
                self._version = self._look()
                self._looked = time.monotonic()
            return self._version

    def events(self, since: str) -> Iterator[bytes]:
        """Yield an event `change` whenever the version differs from that of the client."""
        while True:
            version = self.version(fresh=False)
            if version == since:
                yield b""
                time.sleep(PAUSE)
                continue
            since = version
            yield server_events.event(version, name="change", place=version)

    def _look(self) -> str:
        try:
            queue = str(self._queue.version())
        except OSError:
            queue = "x"
        try:
            runs = [*islice(self._store.runs(), LOOKED_AT)]
        except OSError:
            runs = []
        seen = [(run.name, run.live, stamp(run.path / EVENTS)) for run in runs]
        return f"{queue}-{zlib.crc32(repr(seen).encode()):08x}"
