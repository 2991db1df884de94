"""Finds the paths that two jobs would write. They are compared as words.

Pure functions: no clock, no process, no file.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise, product
from posixpath import dirname, join, normpath
from typing import NamedTuple

from lib.model.graph import EndOrder
from lib.model.job import Job

MOST_OVERLAPS = 20  # in one message


def shared_paths(by_name: Mapping[str, Job], cwd: str) -> list[str]:
    """Find outputs of two jobs at one path, unless one job waits for the end of the other.

    Without that wait one job could pass on what the other one wrote.
    """
    owners: dict[str, dict[str, str]] = {}  # by path: the jobs, and their names for it
    for name, job in by_name.items():
        for output, path in job.outputs.items():
            owners.setdefault(normpath(join(cwd, path)), {})[name] = output
    shared = {path: several for path, several in owners.items() if len(several) > 1}
    if not shared:
        return []
    ends = EndOrder(by_name)
    return [
        f"outputs {one}:{several[one]} and {other}:{several[other]} are one path, {path}, and "
        "neither job waits for the end of the other: write another, or let one depend on the other"
        for path, several in shared.items()
        # if each waits for the end of the one before, all do
        for one, other in pairwise(sorted(several, key=ends.position.__getitem__))
        if not ends.before(one, other)
    ]


class _Place(NamedTuple):
    """A path that a job makes: an output of this name, or the artifact of its cache."""

    job: str
    output: str | None

    def __str__(self) -> str:
        return f"the artifact of {self.job}" if self.output is None else f"{self.job}:{self.output}"


def overwritten(by_name: Mapping[str, Job], cwd: str) -> list[str]:
    """Find caches that may restore over a path of another job, one line a pair of jobs.

    A job that waits for the end of a job with a cache writes after the restore.
    """
    places: dict[str, list[_Place]] = {}  # by path
    for name, job in by_name.items():
        if job.cache is not None and (artifact := job.cache.place(cwd)):
            places.setdefault(normpath(artifact), []).append(_Place(name, None))
    if not places:
        return []
    for name, job in by_name.items():
        for output, path in job.outputs.items():
            places.setdefault(normpath(join(cwd, path)), []).append(_Place(name, output))
    ends = EndOrder(by_name)
    found: dict[frozenset[str], str] = {}
    for inner, outer in _nested(places):
        for one, other in product(places[inner], places[outer]):
            pair = frozenset({one.job, other.job})
            if len(pair) == 1 or pair in found:
                continue
            for cached, made in ((one, other), (other, one)):
                if cached.output is None and not ends.before(cached.job, made.job):
                    found[pair] = (
                        f"{one} ({inner}) and {other} ({outer}) overlap, so a hit of "
                        f"{cached.job} may put an old file in the place of one that {made.job} "
                        "has made: give each a directory of its own"
                    )
                    break
            if len(found) == MOST_OVERLAPS:
                return list(found.values())
    return list(found.values())


def _nested(paths: Collection[str]) -> Iterator[tuple[str, str]]:
    """Yield each path with itself and with every other one that it lies in."""
    for path in paths:
        above = path
        while True:
            if above in paths:
                yield path, above
            if dirname(above) == above:
                break
            above = dirname(above)
