"""Reads the log of a job as it grows, also if it is cut or replaced."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, tree_copy

PIECE = 256 * 1024  # bytes
MEMORY = 1024  # bytes that were read last
SEARCHED = 8 * 1024 * 1024  # bytes at the end of a log in which they are looked for


class GrowingLog:
    """A log that its job may be writing. `left_out` are the bytes of the gaps in it so far.

    The runner makes a hole in the middle of a log that has become too long, and cuts it out when
    the job has ended (`lib/processes/log_bound.py`).
    """

    def __init__(self, path: Path | str, place: int = 0, *, dir_fd: int | None = None) -> None:
        """Open it, to be read from a place on: a number of bytes. Raises OSError, NotAFileError.

        A relative path begins at the open directory `dir_fd`, if there is one.
        """
        self._handle = files.open_file(path, os.O_RDONLY, dir_fd=dir_fd)
        self._place = place
        self._last = b""  # the bytes before the place
        self.left_out = 0

    def is_at(self, path: Path) -> bool:
        """Whether it is the file at this path now."""
        try:
            return os.path.samestat(os.fstat(self._handle), path.lstat())
        except OSError:
            return False

    @property
    def place(self) -> int:
        """The bytes before the place that is read next, gaps among them."""
        return self._place

    @property
    def has_changed(self) -> bool:
        """Whether it is longer, or shorter, than what was read of it. Raises OSError."""
        return os.fstat(self._handle).st_size != self._place

    @property
    def unread(self) -> int:
        """The bytes that have come since the last call of `more`. Raises OSError."""
        return max(0, os.fstat(self._handle).st_size - self._place)

    def more(self) -> Iterator[bytes]:
        """Yield what has come since the last call. Raises OSError."""
        size = os.fstat(self._handle).st_size
        if size < self._place:
            self._find_place(size)
        for begin, end in tree_copy.extents(self._handle, size, self._place):
            self._skip(begin)
            while data := os.pread(self._handle, min(PIECE, end - self._place), self._place):
                self._place += len(data)
                self._last = (self._last + data)[-MEMORY:]
                yield data
        self._skip(size)

    def _find_place(self, size: int) -> None:
        """Find the place again in a log that was cut: after the bytes that were read last."""
        begin = max(0, size - SEARCHED)
        found = os.pread(self._handle, size - begin, begin).rfind(self._last)
        self._place = begin + found + len(self._last) if found >= 0 else begin

    def _skip(self, place: int) -> None:
        self.left_out += max(0, place - self._place)
        self._place = max(self._place, place)

    def close(self) -> None:
        """Close it."""
        os.close(self._handle)
