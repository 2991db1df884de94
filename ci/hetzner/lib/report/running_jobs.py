"""Lists the running jobs, their seconds and their last lines: the answer to SIGUSR1. A view."""

from __future__ import annotations

import itertools
import os
import time
from collections.abc import Callable
from pathlib import Path

from lib.common.plain_text import counted, duration
from lib.common.redact import shorten_start
from lib.model import events
from lib.processes import process_table

WIDTH = 200  # characters of a last line
MOST = 20  # processes that are listed while no job runs
_began = time.monotonic()


def lines(event: events.Asked, log_dir: Path, redact: Callable[[str], str]) -> list[str]:
    """Return the answer while jobs run: a line for all, and one for each running job."""
    jobs = counted(len(event.running), "job")
    counts = f"{event.waiting} waiting, {event.ended} ended"
    answer = [f"ASKED what runs: {jobs}, {counts}, {duration(event.at)} since the start"]
    for job, seconds, doing in event.running:
        said = last_line(log_dir / f"{job}.log", redact)
        also = "" if doing == "runs" else f", {doing}"
        answer.append(f"RUNNING {job} ({duration(seconds)}{also}): {said}")
    return answer


def without_jobs() -> list[str]:
    """Return the answer while no job runs: the programs that the runner has started itself."""
    look = process_table.table()
    below = (
        p
        for p in process_table.descendants(look, [os.getpid()])
        if p.alive and p.pid != os.getpid()
    )
    answer = [f"ASKED what runs: no job, {duration(time.monotonic() - _began)} since the start"]
    return answer + [
        f"RUNNING {p.pid} {look.command(p.pid)}" for p in itertools.islice(below, MOST)
    ]


def last_line(log: Path, redact: Callable[[str], str]) -> str:
    """Return the last line of a log, masked; only its end if it is long."""
    from lib.report import log_tail  # late: only this answer needs it

    said = next((line for line in reversed(log_tail.shown(log, redact)) if line.strip()), "")
    return shorten_start(said.strip(), WIDTH)
