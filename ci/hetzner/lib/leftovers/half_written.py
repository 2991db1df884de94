"""Removes the temporary files of writers that were killed."""

from __future__ import annotations

import contextlib
import heapq
import os
from pathlib import Path

from lib.common import files

LATEST = 20  # directories of logs that changed last: a run may have been killed in them lately


def sweep_state(state_dir: Path) -> None:
    """Remove half-written files of dead writers where this run will not write itself.

    The next writer of a place sweeps that place; a run of another commit has logs elsewhere.
    """
    logs: list[tuple[float, Path]] = []
    with contextlib.suppress(FileNotFoundError), os.scandir(state_dir / "logs") as entries:
        for entry in entries:
            with contextlib.suppress(FileNotFoundError):  # removed since
                if entry.is_dir(follow_symlinks=False):
                    logs.append((entry.stat(follow_symlinks=False).st_mtime, Path(entry.path)))
    latest = [path for _, path in heapq.nlargest(LATEST, logs)]
    for directory in (state_dir / "runs", *latest):
        files.sweep(directory)
