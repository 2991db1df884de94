"""The samples of a run: the use of its machine, and of the processes of each job. Data only.

Moments are seconds on the clock of the run, in order. Columns of one table have the same length.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import pairwise
from typing import NamedTuple


class JobSamples(NamedTuple):
    """The processes of one job at some moments, those of all its attempts in one table."""

    at: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()  # processor seconds that the job has used until then
    rss: tuple[int, ...] = ()  # bytes in memory; what processes share counts once for each
    processes: tuple[int, ...] = ()

    @property
    def busy(self) -> tuple[float, ...]:
        """Return the processors that the job kept busy since the sample before; 0.0 at first."""
        moments = pairwise(zip(self.at, self.cpu, strict=True))
        used = ((cpu - before) / (at - began) for (began, before), (at, cpu) in moments)
        return (0.0, *used) if self.at else ()


class Samples(NamedTuple):
    """The machine at some moments, its jobs by name, and the number of damaged lines left out."""

    at: tuple[float, ...] = ()
    cpu: tuple[float, ...] = ()  # share of all processors in use since the sample before, 0 to 1
    iowait: tuple[float, ...] = ()  # share of them that had nothing to do but wait for a disk
    memory: tuple[int, ...] = ()  # bytes in use that could not be had for another program
    memory_size: int = 0  # bytes of the machine; 0: not known
    processors: int = 0  # of the machine; 0: not known
    jobs: Mapping[str, JobSamples] = {}
    skipped: int = 0
