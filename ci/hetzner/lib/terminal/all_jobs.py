"""The rows of all jobs and their states: the failed and the running ones come first. Pure."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from lib.model.result import Outcome
from lib.terminal.cells import BOLD, DIM, GREEN, RED, YELLOW, Part
from lib.terminal.frame import clock
from lib.terminal.progress import EndedJob, Progress

NAMED = 3  # jobs that another waits for


def rows(progress: Progress, now: float) -> list[list[Part]]:
    """Return a row for each job: its state, its name, its time or the reason of its wait."""
    ended = dict(progress.ended)
    bad = {name: end for name, end in ended.items() if not end.acceptable}
    running = dict(progress.running)
    waiting = [name for name in progress.names if name not in ended and name not in running]
    return [
        *(_ended(name, end) for name, end in bad.items()),
        *(
            [Part("▸ ", YELLOW), Part(name, BOLD), Part(f" {clock(now - job.started)} {job.doing}")]
            for name, job in running.items()
        ),
        *([Part("· "), Part(name), Part(f" {_why(progress, name)}", DIM)] for name in waiting),
        *(_ended(name, end) for name, end in ended.items() if name not in bad),
    ]


def _ended(name: str, end: EndedJob) -> list[Part]:
    mark = Part("✓ ", GREEN) if end.acceptable else Part("✗ ", RED)
    return [mark, Part(name), Part(f" {', '.join(_told(end))}", DIM)]


def _told(end: EndedJob) -> Iterator[str]:
    if end.outcome is not Outcome.PASSED:
        yield str(end.outcome)
    if end.seconds is not None:
        yield clock(end.seconds)
    if end.reason:
        yield end.reason


def _why(progress: Progress, name: str) -> str:
    awaited = progress.awaited(name)
    if not awaited:
        return "waits for its turn"
    more = f" and {len(awaited) - NAMED} more" if len(awaited) > NAMED else ""
    return f"waits for {', '.join(itertools.islice(awaited, NAMED))}{more}"
