"""Things that a clean-up may remove: each with its size, the reason, and the way to remove it."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from lib.common import tree_copy


class Waste(NamedTuple):
    """A thing that may go. `remove` returns whether it is gone: one in use stays. It may raise
    OSError."""

    path: Path
    size: int  # bytes
    why: str
    remove: Callable[[], bool]


class Removed(NamedTuple):
    """What a clean-up has done: the things that are gone, and notes on those that could not go."""

    gone: list[Waste]
    notes: list[str]


def remove(things: Iterable[Waste], budget: float) -> Removed:
    """Remove things in their order, within about `budget` seconds; the rest stays."""
    end = time.monotonic() + budget
    removed = Removed([], [])
    for thing in things:
        try:
            if thing.remove():
                removed.gone.append(thing)
        except OSError as error:
            removed.notes.append(f"{thing.path} could not be removed: {error}")
        if time.monotonic() >= end:
            break
    return removed


def tree(path: Path) -> bool:
    """Remove a file or a whole directory. Raises OSError."""
    tree_copy.remove(path)
    return True


def disk_usage(path: Path) -> int:
    """Return the bytes that a path takes on its disk with all below it; what cannot be read is 0.

    No link is followed.
    """
    total, left = 0, [path]
    while left:
        there = left.pop()
        try:
            status = there.lstat()
            total += status.st_blocks * 512
            if not there.is_symlink() and there.is_dir():
                left += there.iterdir()
        except OSError:
            continue
    return total
