"""The rows of all jobs and their states: the failed and the running ones come first. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lib.model.result import Outcome
from lib.terminal.cells import BOLD, DIM, GREEN, RED, YELLOW, Part
from lib.terminal.frame import clock
from lib.terminal.progress import FAILURES, EndedJob, Progress

NAMED = 3  # jobs that another waits for


def rows(progress: Progress, now: float) -> list[list[Part]]:
    """Return a row for each job: its state, its name, its time or the reason of its wait."""
    ended = dict(progress.ended)
    failed = [name for name, end in ended.items() if end.outcome in FAILURES and not end.acceptable]
    others = ended.keys() - set(failed)
    skipped = [name for name in ended if name in others and not ended[name].acceptable]
    passed = [name for name in ended if name in others and ended[name].acceptable]
    running = dict(progress.running)
    waiting = [name for name in progress.names if name not in ended and name not in running]
    return [
        *(_ended(name, ended[name]) for name in failed),
        *(
            [Part("▸ ", YELLOW), Part(name, BOLD), Part(f" {clock(now - job.started)} {job.doing}")]
            for name, job in running.items()
        ),
        *([Part("· "), Part(name), Part(f" {_why(progress, name)}", DIM)] for name in waiting),
        *(_ended(name, ended[name]) for name in (*skipped, *passed)),
    ]


def _ended(name: str, end: EndedJob) -> list[Part]:
    bad = RED if end.outcome in FAILURES else YELLOW
    mark = Part("✓ ", GREEN) if end.acceptable else Part("✗ ", bad)
    return [mark, Part(name), Part(f" {', '.join(_told(end))}", DIM)]


def _told(end: EndedJob) -> Iterator[str]:
    if end.outcome is not Outcome.PASSED:
        allowed = end.acceptable and end.outcome in FAILURES
        yield f"{end.outcome} (allowed)" if allowed else str(end.outcome)
    if end.seconds is not None:
        yield clock(end.seconds)
    if end.reason:
        yield end.reason


def _why(progress: Progress, name: str) -> str:
    if name in progress.last:
        return "waits for all else"
    awaited = progress.awaited(name)
    if not awaited:
        return "waits for its turn"
    more = f" and {len(awaited) - NAMED} more" if len(awaited) > NAMED else ""
    return f"waits for {', '.join(itertools.islice(awaited, NAMED))}{more}"
