"""The counters of a trace: the machine, the pools in use, the processes of each job. Pure."""

from __future__ import annotations

from collections import Counter

from lib.sampling.samples import JobSamples, Samples
from lib.timeline.run_record import JobRecord, RunRecord
from lib.views.trace_events import TraceEvents

MACHINE, POOLS, PROCESSES = 3, 4, 5  # groups of the trace
MIB = 1 << 20


def add(trace: TraceEvents, record: RunRecord, samples: Samples | None) -> None:
    """Add all counters of a run; those of samples only if there are some."""
    trace.name_group(POOLS, "pools in use")
    _add_pools(trace, record)
    if samples is None:
        return
    trace.name_group(MACHINE, "machine")
    _add_machine(trace, samples)
    trace.name_group(PROCESSES, "processes of jobs")
    for job in record.jobs:
        if sampled := samples.jobs.get(job.name):
            _add_processes(trace, job, sampled)


def _add_machine(trace: TraceEvents, samples: Samples) -> None:
    """A share is that of the time before its moment, so it is told from the moment before on."""
    began = (0.0, *samples.at)
    columns = zip(began, samples.cpu, samples.iowait, samples.memory, strict=False)
    for at, cpu, iowait, memory in columns:
        shares = {"busy": round(100 * cpu, 1), "waits for a disk": round(100 * iowait, 1)}
        trace.counter(MACHINE, at, "processors (%)", shares)
        trace.counter(MACHINE, at, "memory (MiB)", {"in use": memory // MIB})


def _add_pools(trace: TraceEvents, record: RunRecord) -> None:
    """Tell how much of each pool the attempts hold, and how many of them run."""
    changes: list[tuple[float, str, int]] = []
    for job in record.jobs:
        for attempt in job.attempts:
            ended = record.end if attempt.ended is None else attempt.ended
            for pool, amount in {"jobs": 1, **job.resources}.items():
                changes += [(attempt.started, pool, amount), (ended, pool, -amount)]
    held: Counter[str] = Counter()
    for at, pool, amount in sorted(changes):
        held[pool] += amount
        trace.counter(POOLS, at, pool, {"in use": held[pool]})


def _add_processes(trace: TraceEvents, job: JobRecord, sampled: JobSamples) -> None:
    first = sampled.at[0]
    started = first if job.started is None else min(job.started, first)
    busy_at_first = sampled.cpu[0] / (first - started) if started < first else 0.0
    began, busy_then = (started, *sampled.at), (busy_at_first, *sampled.busy[1:])
    rows = list(zip(began, busy_then, sampled.rss, sampled.processes, strict=False))
    end = sampled.at[-1] if job.ended is None else job.ended
    for at, busy, rss, processes in (*rows, (end, 0.0, 0, 0)):
        trace.counter(PROCESSES, at, f"{job.name}: processors", {"busy": round(busy, 2)})
        trace.counter(PROCESSES, at, f"{job.name}: memory (MiB)", {"in use": rss // MIB})
        trace.counter(PROCESSES, at, f"{job.name}: processes", {"count": processes})
