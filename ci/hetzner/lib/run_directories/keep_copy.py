"""Copies the files that match patterns, and that an attempt has written, within bounds.

A job names them, and code from a branch makes them: no link is followed out of the directory that
the pattern names, pipes and devices are passed over, and there may be too many of them.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import files, tree_copy
from lib.run_directories import path_patterns
from lib.run_directories.path_patterns import Looks

MOST_FILES = 1000  # of one attempt
MOST_BYTES = 200_000_000


class Place(NamedTuple):
    """The directory and the variables that patterns are relative to, and that of the copies."""

    cwd: Path
    environ: Mapping[str, str]
    target: Path


class StoppedError(Exception):
    """The copying was to stop."""


def keep(
    patterns: Sequence[str], place: Place, since: float, stopped: Callable[[], bool] = lambda: False
) -> list[str]:
    """Copy what matches and has changed since then (seconds since the epoch); return problems.

    A file is copied by its name alone, a directory with everything in it. Files of an earlier
    attempt are moved aside. Raises StoppedError soon after `stopped` has become true; another
    thread may call it.
    """
    copies = _Copies(place.target, since, stopped)
    try:
        files.rotate(place.target)
    except OSError as error:
        return [str(error)]
    for pattern in patterns:
        if unset := path_patterns.unset(pattern, place.environ):
            copies.problems.append(f"{pattern}: {', '.join(unset)} is not set")
            continue
        for path in path_patterns.matches(pattern, place.cwd, place.environ, copies.looks):
            copies.add(path)
    return copies.told()


class _Copies:
    """The copies of one attempt, within the bounds."""

    def __init__(self, target: Path, since: float, stopped: Callable[[], bool]) -> None:
        self.problems: list[str] = []
        self.looks = Looks()
        self._target = target
        self._since = since
        self._stopped = stopped
        self._files = self._bytes = self._left_out = 0
        self._failed: list[str] = []
        self._done: set[str] = set()

    def add(self, path: Path) -> None:
        """Copy a file, or a directory with everything in it, unless that was done."""
        real = os.path.realpath(path)
        if any(real == done or real.startswith(f"{done}/") for done in self._done):
            return
        self._add(path, self._free(path.name))
        self._done.add(real)

    def told(self) -> list[str]:
        """Return the problems, a sentence each."""
        told = list(self.problems)
        if self._failed:
            told.append(f"{len(self._failed)} could not be copied, the first: {self._failed[0]}")
        if self._left_out or self.looks.spent:
            told.append(
                f"at least {self._left_out} files are left out: the bounds are {MOST_FILES} files, "
                f"{MOST_BYTES // 1_000_000} MB and {path_patterns.MOST_LOOKS} names to look at"
            )
        return told

    def _add(self, path: Path, target: Path) -> None:
        self._go_on()
        try:
            status = path.lstat()
            if stat.S_ISDIR(status.st_mode):
                for name in self.looks.names(path):
                    self._add(path / name, target / name)
            elif stat.S_ISREG(status.st_mode) and status.st_ctime >= self._since:
                self._copy(path, target, status.st_size)
        except FileNotFoundError:  # no such file, or no longer
            return
        except OSError as error:
            self._failed.append(str(error))

    def _copy(self, path: Path, target: Path, size: int) -> None:
        if self._files >= MOST_FILES or self._bytes + size > MOST_BYTES:
            self._left_out += 1
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            tree_copy.copy(path, target, self._go_on)
        except BaseException:
            target.unlink(missing_ok=True)  # a part would look like the whole
            raise
        self._files += 1
        self._bytes += size

    def _go_on(self) -> None:
        if self._stopped():
            raise StoppedError("the copying was stopped")

    def _free(self, name: str) -> Path:
        """Return the place for a copy: two matches may have the same name."""
        path, number = self._target / name, 1
        while os.path.lexists(path):
            path, number = self._target / f"{name}.{number}", number + 1
        return path
