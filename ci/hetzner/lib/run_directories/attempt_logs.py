"""Finds the logs of a job's attempts.

`<job>.log` is the log of the latest attempt; a later attempt renames it to the first free one of
`<job>.log.1`, `<job>.log.2`, … So these are older, the first the oldest.
"""

from __future__ import annotations

import os
import re
from collections.abc import Collection
from pathlib import Path


def paths(run: Path, job: str) -> list[Path]:
    """Return the logs of a job's attempts, the first attempt first. Raises OSError."""
    with os.scandir(run) as entries:
        return [run / name for name in ordered([entry.name for entry in entries], job)]


def ordered(names: Collection[str], job: str) -> list[str]:
    """Return those of the names in a run's directory that are logs of a job, the oldest first."""
    latest = f"{job}.log"
    older = re.compile(rf"{re.escape(latest)}\.([1-9]\d{{0,8}})")
    numbers = sorted(int(found[1]) for name in names if (found := older.fullmatch(name)))
    logs = [f"{latest}.{number}" for number in numbers]
    return [*logs, latest] if latest in names else logs


def jobs(run: Path) -> list[str]:
    """Return the names of the jobs that have a log in the directory of a run. Raises OSError."""
    with os.scandir(run) as entries:
        return sorted(
            entry.name.removesuffix(".log") for entry in entries if entry.name.endswith(".log")
        )
