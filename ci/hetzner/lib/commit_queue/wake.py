"""Wakes the worker when the queue changes, through a named pipe (fifo(7)) in the state directory.

A pipe works between a container and its host as well, if they share the directory. Nothing waits
for a reader, and a lost byte costs at most a second.
"""

from __future__ import annotations

import contextlib
import os
import stat
from pathlib import Path

from lib.commit_queue import paths
from lib.common import files

LONGEST = 1.0  # seconds of a wait: a byte may be lost
FLAGS = os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOFOLLOW


class Waker:
    """The pipe of a queue: any process wakes, one waits."""

    def __init__(self, state_dir: Path) -> None:
        self._path = paths.wake(state_dir)
        self._handle: int | None = None  # of the one that waits

    def wake(self) -> None:
        """Wake the process that waits, if one does. Raises nothing."""
        with contextlib.suppress(OSError):
            # without a reader this fails with ENXIO, as it does for a file in its place
            handle = os.open(self._path, os.O_WRONLY | FLAGS)
            try:
                if stat.S_ISFIFO(os.fstat(handle).st_mode):
                    os.write(handle, b"w")
            finally:
                os.close(handle)

    def opened(self) -> int | None:
        """Return the end to poll for at most a second; None: only the time ends the wait."""
        try:
            return self._opened()
        except OSError:
            return None

    def drain(self) -> None:
        """Read the bytes that have come."""
        with contextlib.suppress(BlockingIOError):
            while self._handle is not None and len(os.read(self._handle, 4096)) == 4096:
                pass

    def close(self) -> None:
        """Wait no more."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def _opened(self) -> int:
        """Return the pipe to read from; it is made if it is missing. Raises OSError."""
        if self._handle is not None and _is_at(self._handle, self._path):
            return self._handle
        self.close()
        self._path.parent.mkdir(parents=True, exist_ok=True)
        if files.another_kind(self._path) != files.KINDS[stat.S_IFIFO]:
            files.rotate(self._path)
            os.mkfifo(self._path, 0o600)
        # a writer as well as a reader: so the pipe never ends while others open and close it
        self._handle = os.open(self._path, os.O_RDWR | FLAGS)
        return self._handle


def _is_at(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except OSError:
        return False
