"""Finds files near a promised output that was not written: its path may be mistyped.

A bounded look, never a walk of a large tree. Decides nothing.
"""

from __future__ import annotations

import os
import stat
import sys
import time
from collections.abc import Collection, Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import NamedTuple

MOST_ENTRIES = 2000  # that are read, all directories together
MOST_SECONDS = 0.2
DEPTH = 2  # levels below the first directory
SHOWN = 3
ALIKE = 0.6  # of difflib: names with at least this ratio are alike
SKIPPED = frozenset({"node_modules", "__pycache__"})
COARSE = 5  # CLOCK_REALTIME_COARSE of clock_gettime(2): the kernel stamps files with it


def now() -> int:
    """Return the stamp of a file that changes at this moment, in ns, or a little less."""
    if sys.platform == "linux":
        return time.clock_gettime_ns(COARSE)
    return time.time_ns() - 10_000_000  # more than a tick of any kernel


def hint(cwd: Path, path: str, since: int, but: Collection[Path] = ()) -> str:
    """Return hints for a path that was not written: files that changed since, or similar names.

    `since` is the time of `now` at the start of the attempt; directories in `but` do not count.
    """
    target = cwd / path
    if os.path.lexists(target):
        return f"{path} is there, but was not written since the job began"
    budget = _Budget()
    for directory in _directories(cwd, target):
        seen = list(_below(directory, budget, but, cwd))
        # a file of the same tick may be older: it counts if there is no other
        for found in (
            [s for s in seen if s.changed > since],
            [s for s in seen if s.changed == since],
        ):
            if near := _nearest(path, found):
                return f"new near it: {', '.join(near)}"
    return _like(target)


class _Seen(NamedTuple):
    name: str  # from the working directory on, if it is in there
    is_dir: bool
    changed: int  # ns


class _Budget:
    """The number of entries that may still be read."""

    def __init__(self) -> None:
        self._entries = MOST_ENTRIES
        self._end = time.monotonic() + MOST_SECONDS

    def spend(self) -> bool:
        """Return whether one more may be read."""
        self._entries -= 1
        return self._entries >= 0 and time.monotonic() < self._end


def _directories(cwd: Path, target: Path) -> Iterator[Path]:
    """Yield the nearest existing directory, then those above it, up to `cwd`."""
    place = Path(os.path.normpath(target)).parent
    while not place.is_dir():
        place = place.parent
    yield place
    while place != cwd and place.is_relative_to(cwd):
        place = place.parent
        yield place


def _below(top: Path, budget: _Budget, but: Collection[Path], cwd: Path) -> Iterator[_Seen]:
    """Yield the entries of a directory, level by level."""
    depth = DEPTH if top.is_relative_to(cwd) else 0  # elsewhere are others' files
    queue = [(top, 0)]
    for directory, level in queue:  # grows during the loop
        try:
            entries = os.scandir(directory)
        except OSError:
            continue
        with entries:
            for entry in entries:
                if not budget.spend():
                    return
                path = Path(entry.path)
                if entry.name.startswith(".") or entry.name in SKIPPED or path in but:
                    continue
                try:
                    status = entry.stat(follow_symlinks=False)
                except OSError:  # gone
                    continue
                is_dir = stat.S_ISDIR(status.st_mode)
                if is_dir and level < depth:
                    queue.append((path, level + 1))
                shown = path.relative_to(cwd) if path.is_relative_to(cwd) else path
                yield _Seen(str(shown), is_dir, status.st_ctime_ns)


def _nearest(path: str, found: Sequence[_Seen]) -> list[str]:
    """Return the names most similar to a path; a directory only if it is very similar."""
    from difflib import SequenceMatcher  # late: only for a failure

    meant = os.path.normpath(path)
    likeness = {seen.name: SequenceMatcher(None, meant, seen.name).ratio() for seen in found}
    names = [seen.name for seen in found if not seen.is_dir or likeness[seen.name] >= ALIKE]
    return sorted(names, key=lambda name: (-likeness[name], name))[:SHOWN]


def _like(target: Path) -> str:
    from difflib import get_close_matches

    if not target.parent.is_dir():
        return f"the directory {target.parent} is not there, and nothing new is near it"
    with os.scandir(target.parent) as entries:
        names = [entry.name for entry in islice(entries, MOST_ENTRIES)]
    near = get_close_matches(target.name, sorted(names), 1, ALIKE)
    return f"nothing new is near it, but {near[0]} as it was before" if near else ""
