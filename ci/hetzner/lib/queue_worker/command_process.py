"""The process of a command, with its files: log, lock, and the name of its run."""

from __future__ import annotations

import contextlib
import hashlib
import os
import time
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.entry import Entry
from lib.queue_worker import entry_lock, run_records


def key_prefix(state_dir: Path) -> str:
    """Return how the keys of the commands of a queue begin, in the tags of their processes."""
    return f"queue-{hashlib.sha256(os.fsencode(state_dir)).hexdigest()[:8]}-"


class CommandProcess:
    """The process of a command, which runs an entry or only `prepares` its place."""

    def __init__(self, state_dir: Path, entry: Entry, place: int, *, prepares: bool) -> None:
        self.entry = entry
        self.prepares = prepares
        self.key = f"{key_prefix(state_dir)}{place}"  # of its processes
        self.began = time.monotonic()
        self.pid = 0
        self.input = -1  # the end of its pipe that the worker holds, -1 once it is closed
        self.run = ""  # the name of its run
        self.begun = prepares  # whether there is nothing to look for any more
        self.look = self.began  # when to look for that
        log = paths.log(state_dir, entry.id)
        self.log = log.with_suffix(".prepare.log") if prepares else log
        token = os.urandom(4).hex()  # an earlier try that still starts has another file
        self.name_to = paths.directory(state_dir) / f"{entry.id}.{token}.name"
        self._lock = paths.entry_lock(state_dir, entry.id)

    def lock(self) -> list[int]:
        """Return the descriptors of the locks that its processes are to hold. Raises OSError."""
        if self.prepares:
            return []
        if (lock := entry_lock.take(self._lock)) is None:
            raise OSError("expected that nothing of its earlier run is left, found that it lives")
        return [lock]

    def read_name(self) -> str:
        """Return the name that its run has written, '' if it has not yet; and remember it."""
        self.run = self.run or run_records.name(self.name_to)
        return self.run

    def close_input(self) -> None:
        """Close its input, which asks it to end."""
        if self.input >= 0:
            os.close(self.input)
            self.input = -1

    def clear(self) -> None:
        """Remove what only a live command needs."""
        self.close_input()
        with contextlib.suppress(OSError):
            self.name_to.unlink(missing_ok=True)
        if not self.prepares:
            entry_lock.release(self._lock)
