"""Cuts the middle out of a log: its head stays, then a line that says it, then its tail.

Works on an open file. Unaware of jobs and runs.
"""

from __future__ import annotations

import os

EDGE = 64 * 1024  # bytes in which the end of a line is looked for, so that no line is torn
CHUNK = 1024 * 1024  # bytes
SPARE = 200  # bytes for the line that says it


def head(bound: int) -> int:
    """Return how many bytes of a log stay at its beginning: half of its bound."""
    return bound // 2


def tail(bound: int) -> int:
    """Return how many bytes of a log stay at its end."""
    return bound - head(bound) - SPARE


def cut(handle: int, bound: int, before: int = 0) -> int:
    """Cut a log to `bound` bytes at most; return how many bytes are left out by this cut.

    `handle` is open for reading and writing, and does not append; `before` bytes were left out by
    earlier cuts. What others write to the log meanwhile may be lost. Raises OSError.
    """
    size = os.fstat(handle).st_size
    if size <= bound:
        return 0
    begin = _line_end(handle, head(bound) - EDGE, head(bound)) or head(bound)
    least = size - tail(bound)
    end = _line_end(handle, least, least + EDGE) or least
    count = before + end - begin
    said = f"\n--- {count} bytes were left out here: this log is bound to {bound}\n"
    at = begin + os.pwrite(handle, said.encode(), begin)
    os.ftruncate(handle, _move(handle, end, at))
    return end - begin


def _line_end(handle: int, begin: int, end: int) -> int | None:
    """Return the end of the first line that ends between two places, None if none does.

    Of two cuts of a log both find the same end of its head, since all before it stays.
    """
    place = os.pread(handle, end - begin, begin).find(b"\n")
    return begin + place + 1 if place >= 0 else None


def _move(handle: int, source: int, target: int) -> int:
    """Move all from `source` on down to `target`; return the place where it ends."""
    while data := os.pread(handle, CHUNK, source):
        written = os.pwrite(handle, data, target)
        source, target = source + written, target + written
    return target
