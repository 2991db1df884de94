"""Removes the temporary files of writers that were killed."""

from __future__ import annotations

import contextlib
import heapq
import os
from pathlib import Path

from lib.common import files

LATEST = 20  # directories of runs that began last: a run may have been killed in them lately


def sweep_state(state_dir: Path) -> None:
    """Remove half-written files of dead writers where this run will not write itself.

    The next writer of a place sweeps that place; each run has logs of its own.
    """
    runs: list[str] = []
    with contextlib.suppress(OSError), os.scandir(state_dir / "runs") as entries:
        runs = [entry.path for entry in entries if entry.is_dir(follow_symlinks=False)]
    for directory in (state_dir / "outbox", *map(Path, heapq.nlargest(LATEST, runs))):
        files.sweep(directory)
