"""The facts about a run that its verdict depends on. Data only."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model.result import Result

CHANGED = "files of its tree changed while it ran"  # a doubt about its results


class Facts(NamedTuple):
    """All that a verdict depends on; `_replace` adds one.

    `results` are by job, those of jobs that were filtered out too; `seconds` have passed since the
    run began. `signal` is the first that asked the run to end; `timed_out` says that its own time
    limit did. `unmatched`: it has a filter of test cases by which no job ran a test. `refused` are
    jobs that cannot run here, for which nothing was started; `left_out` are those left out for that
    reason. `error` tells why the jobs did not come to their end (no checkout, a bug). `survivors`:
    some processes could not be stopped. `removed_locks` are files that kept other runs away until
    they were removed. `write_error` tells which report could not be written, and why.
    """

    selected: Collection[str] = ()
    results: Mapping[str, Result] = {}
    seconds: float = 0.0
    signal: int | None = None
    timed_out: bool = False
    unmatched: bool = False
    refused: Sequence[str] = ()
    left_out: Sequence[str] = ()
    error: str = ""
    survivors: bool = False
    removed_locks: Sequence[str] = ()
    write_error: str = ""

    def doubts(self) -> list[str]:
        """Return why the results cannot be relied on: the runner broke, or another ran beside it.

        A report that was lost leaves them as they are.
        """
        return [*self._replace(write_error="").faults(), *([self.error] if self.error else [])]

    def selected_results(self) -> list[Result]:
        """Return the results of the selected jobs; one that is missing counts as unfinished."""
        return [self.results.get(name) or Result(name) for name in self.selected]

    def faults(self) -> list[str]:
        """Return the faults that make a run red after any outcome of its jobs."""
        found = [self.write_error] if self.write_error else []
        found += [
            f"the lock {path} was removed during the run, so another run may have gone on beside it"
            for path in self.removed_locks
        ]
        return found + ["processes could not be stopped"] * self.survivors
