"""The form of `samples.jsonl`: one JSON object a line; a damaged one is counted and left out.

    {"schema": 1, "processors": 4, "memory": 8262746112}
    {"at": 1.0, "machine": [[0.9, 0.42, 0.01, 812646400], …], "jobs": {"a": [1.23, 104857600, 3]}}

A row of the machine: moment, share of the processors in use, share that waits for a disk, bytes in
use. A row of a job: processor seconds so far, bytes, processes.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from lib.common import json_text
from lib.sampling.samples import JobSamples, Samples

SCHEMA = 1
MOST = 1e18  # the greatest number that is taken for one: a job may have written the file


class MachineRow(NamedTuple):
    """The machine at a moment, as in Samples."""

    at: float
    cpu: float
    iowait: float
    memory: int


class JobRow(NamedTuple):
    """The processes of a job at a moment, as in JobSamples."""

    cpu: float
    rss: int
    processes: int


def header(processors: int, memory: int) -> bytes:
    """Return the first line; `memory` are the bytes of the machine."""
    return _line({"schema": SCHEMA, "processors": processors, "memory": memory})


def block(at: float, machine: Sequence[MachineRow], jobs: Mapping[str, JobRow]) -> bytes:
    """Return the line of what was sampled since the line before, the jobs at this moment."""
    rows = [(r.at, round(r.cpu, 3), round(r.iowait, 3), r.memory) for r in machine]
    used = {job: (round(row.cpu, 2), row.rss, row.processes) for job, row in jobs.items()}
    return _line({"at": at, "machine": rows, "jobs": used})


def _line(fields: Mapping[str, object]) -> bytes:
    return json.dumps(fields, separators=(",", ":")).encode() + b"\n"


def parse(lines: Iterable[bytes]) -> Samples:
    """Return what lines tell. A damaged one, or one of another schema, is counted, and no error."""
    read = _Reading()
    for line in lines:
        try:
            read.take(json_text.parse(line))
        except (ValueError, TypeError, KeyError, AttributeError):
            read.skipped += bool(line.strip())
    return read.samples()


class _Reading:
    def __init__(self) -> None:
        self.skipped = 0
        self._processors = self._memory = 0
        self._machine: list[MachineRow] = []
        self._jobs: dict[str, list[tuple[float, JobRow]]] = {}

    def take(self, fields: Mapping[str, Any]) -> None:
        """Add the fields of a line, all or none. Raises ValueError, TypeError, KeyError."""
        if "schema" in fields:
            if fields["schema"] != SCHEMA:
                raise ValueError(f"expected schema {SCHEMA}, found {fields['schema']}")
            self._processors = int(_number(fields["processors"]))
            self._memory = int(_number(fields["memory"]))
            return
        at = _number(fields["at"])
        rows = [_machine_row(row) for row in fields["machine"]]
        jobs = {job: _job_row(row) for job, row in fields["jobs"].items()}
        moments = [row.at for row in (*self._machine[-1:], *rows)]
        if any(later <= earlier for earlier, later in pairwise(moments)):
            raise ValueError("expected moments in order")
        if any(before[-1][0] >= at for job in jobs if (before := self._jobs.get(job))):
            raise ValueError("expected moments in order")
        self._machine += rows
        for job, row in jobs.items():
            self._jobs.setdefault(job, []).append((at, row))

    def samples(self) -> Samples:
        """Return all of it as columns."""
        jobs = {
            job: JobSamples(
                tuple(at for at, _ in rows),
                tuple(row.cpu for _, row in rows),
                tuple(row.rss for _, row in rows),
                tuple(row.processes for _, row in rows),
            )
            for job, rows in self._jobs.items()
        }
        rows = self._machine
        return Samples(
            tuple(row.at for row in rows),
            tuple(row.cpu for row in rows),
            tuple(row.iowait for row in rows),
            tuple(row.memory for row in rows),
            self._memory,
            self._processors,
            jobs,
            self.skipped,
        )


def _machine_row(row: Sequence[object]) -> MachineRow:
    at, cpu, iowait, memory = map(_number, row)
    return MachineRow(at, min(cpu, 1.0), min(iowait, 1.0), int(memory))


def _job_row(row: Sequence[object]) -> JobRow:
    cpu, rss, processes = map(_number, row)
    return JobRow(cpu, int(rss), int(processes))


def _number(value: object) -> float:
    """Return a number from 0 to MOST. Raises ValueError."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise ValueError(f"expected a number, found {type(value).__name__}")
    if not 0 <= value <= MOST:  # nor NaN
        raise ValueError(f"expected a number from 0 to {MOST:g}, found another")
    return value
