"""Reads the files of a run's directory, whatever a job or a killed writer has left there.

Follows no link, waits for no pipe, and reads a bounded part of each file.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from lib.common import files
from lib.run_directories import ci_log, run_report
from lib.run_directories.ci_log import EndedJob, Story
from lib.run_directories.stored_run import StoredRun

READ = 16 * 1024 * 1024  # bytes of a ci.log, from its end: it has a few lines for each job
MOST = 10_000  # files and directories of a run that are looked at
KEPT = "kept"
LARGE = 10**8  # bytes: a smaller file has no hole worth a thought


class StoredFile(NamedTuple):
    """A regular file of a run: its path below the run's directory, and its bytes."""

    path: str
    size: int


def story(run: Path) -> Story:
    """Return what the ci.log of a run tells; nothing if it cannot be read."""
    try:
        with os.fdopen(files.open_file(run / "ci.log", os.O_RDONLY), "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - READ))
            text = file.read(READ).decode(errors="replace")
    except (OSError, ValueError):  # ValueError: the path is none; another user's run may tell any
        return ci_log.read(())
    return ci_log.read(text.split("\n"))


def ended(run: StoredRun, job: str) -> EndedJob | None:
    """Return how a job of a run has ended; None if it runs, or may run once more."""
    found = story(run.path).ended.get(job)
    # with some test cases first a job may run twice
    if found and found.times < 2 and run_report.read(run.summary).twice:
        return None
    return found


def all_files(run: Path, below: str = "") -> list[StoredFile]:
    """Return the regular files of a run, or of a directory in it, in the order of their paths."""
    return sorted(_files(run, below))


def _files(run: Path, below: str) -> Iterator[StoredFile]:
    queue, seen = [below], 0
    for directory in queue:  # grows during the loop
        try:
            with os.scandir(run / directory) as entries:
                for entry in entries:
                    path = f"{directory}/{entry.name}" if directory else entry.name
                    if (seen := seen + 1) > MOST:
                        return
                    if entry.is_dir(follow_symlinks=False):
                        queue.append(path)
                    elif entry.is_file(follow_symlinks=False):
                        yield StoredFile(path, _size(entry.stat(follow_symlinks=False)))
        except OSError:  # it is none, is gone, or another user's
            continue


def _size(status: os.stat_result) -> int:
    """Return the bytes of a file; of a large one without its holes."""
    return status.st_size if status.st_size < LARGE else min(status.st_size, status.st_blocks * 512)
