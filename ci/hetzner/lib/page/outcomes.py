"""Words and classes of the outcomes of jobs and runs, the same on each page. Pure."""

from __future__ import annotations

from lib.timeline.run_record import JobRecord, RunRecord

BROKEN = ("failed", "timed out")
ORDER = ("failed", "timed out", "cancelled", "skipped", "flaky", "passed", "restored")
SIGNAL = 128  # the exit code of a run that signal n ended is 128 + n (bash(1), EXIT STATUS)
RUN_TIMEOUT, NO_TEST = 124, 4


def css_class(outcome: str) -> str:
    """Return the class of an outcome in the stylesheets; one that is not known has its own."""
    return outcome.replace(" ", "-") if outcome in ORDER else "unknown"


def is_broken(job: JobRecord) -> bool:
    """Whether the job itself is at fault: it failed or ran out of time."""
    return job.outcome in BROKEN


def told_of(record: RunRecord) -> list[JobRecord]:
    """Return the jobs whose logs a reader wants to see.

    First those that made the run red, then those that were cut off, then those that may fail.
    """
    broken = [job for job in record.jobs if is_broken(job)]
    cut_off = [j for j in record.jobs if j.outcome == "cancelled" and j.started is not None]
    unfinished = [job for job in record.jobs if job.running]
    allowed = [job for job in broken if job.allowed]
    return [*(job for job in broken if not job.allowed), *cut_off, *unfinished, *allowed]


def is_left_out(job: JobRecord) -> bool:
    """Whether the selection left the job out."""
    return job.cause == "filtered"


def word(job: JobRecord) -> str:
    """Return the outcome of a job for people."""
    if not job.outcome:
        return "unfinished" if job.started is not None else "never started"
    return f"{job.outcome}, allowed" if job.allowed and is_broken(job) else job.outcome


def verdict(record: RunRecord) -> tuple[str, str]:
    """Return the verdict on a run as a word, and the class of its colour."""
    code = record.exit_code
    if code is None:
        return "No verdict", "amber"
    if code == 0:
        return "Passed", "green"
    if code == RUN_TIMEOUT:
        return "Timed out", "red"
    return ("Interrupted" if code > SIGNAL else "Failed"), "red"


def counts(record: RunRecord) -> str:
    """Return how many jobs ended how, the worst first: `1 failed · 14 passed`."""
    found: dict[str, int] = {}
    for job in record.jobs:
        if not is_left_out(job):
            found[word(job)] = found.get(word(job), 0) + 1
    rank = {outcome: number for number, outcome in enumerate(ORDER)}
    ranked = sorted(found, key=lambda name: rank.get(name, -1))
    return " · ".join(f"{found[name]} {name}" for name in ranked)
