"""Reads the logs of a job's attempts: one that grows, one that was cut, one that is replaced.

`<job>.log` is the log of the latest attempt; a later attempt renames it to the first free one of
`<job>.log.1`, `<job>.log.2`, … So these are older, the first the oldest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, tree_copy

PIECE = 256 * 1024  # bytes
MEMORY = 1024  # bytes that were read last
SEARCHED = 8 * 1024 * 1024  # bytes at the end of a log in which they are looked for


def paths(run: Path, job: str) -> list[Path]:
    """Return the logs of a job's attempts, the first attempt first. Raises OSError."""
    latest = f"{job}.log"
    older = re.compile(rf"{re.escape(latest)}\.([1-9]\d{{0,8}})")
    with os.scandir(run) as entries:
        names = [entry.name for entry in entries if entry.name.startswith(latest)]
    numbers = sorted(int(found[1]) for name in names if (found := older.fullmatch(name)))
    logs = [run / f"{latest}.{number}" for number in numbers]
    return [*logs, run / latest] if latest in names else logs


def jobs(run: Path) -> list[str]:
    """Return the names of the jobs that have a log in the directory of a run. Raises OSError."""
    with os.scandir(run) as entries:
        return sorted(
            entry.name.removesuffix(".log") for entry in entries if entry.name.endswith(".log")
        )


class GrowingLog:
    """A log that its job may be writing. `left_out` are the bytes of the gaps in it so far.

    The runner makes a hole in the middle of a log that has become too long, and cuts it out when
    the job has ended (`lib/processes/log_bound.py`).
    """

    def __init__(self, path: Path) -> None:
        """Open it. Raises OSError, NotAFileError."""
        self._handle = files.open_file(path, os.O_RDONLY)
        self._place = 0
        self._last = b""  # the bytes before the place
        self.left_out = 0

    def is_at(self, path: Path) -> bool:
        """Whether it is the file at this path now."""
        try:
            return os.path.samestat(os.fstat(self._handle), path.lstat())
        except OSError:
            return False

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
