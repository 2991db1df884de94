"""The directory in which a job starts: there before the run, or made by a job that it needs."""

from __future__ import annotations

import stat
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.model import graph
from lib.model.job import Job
from lib.outputs import written


def of(job: Job, cwd: Path) -> Path:
    """Return the directory of a job in a pipeline with this working directory."""
    return cwd if job.cwd == "." else cwd / job.cwd


def problems(jobs: Sequence[Job], cwd: Path) -> dict[str, str]:
    """Return a sentence for each job of a run whose directory is missing and not to be made."""
    by_name = {job.name: job for job in jobs}
    found = {}
    for job in by_name.values():
        directory = of(job, cwd)
        if directory == cwd or not (why := lacking(directory)):
            continue
        if not _is_made(directory, job, by_name, cwd):
            found[job.name] = (
                f"cwd: expected a directory, found {why} at {directory}: make it, or let it be an "
                "output of a job that this one needs"
            )
    return found


def lacking(directory: Path) -> str:
    """Return what is in the place of a directory, '' if it is there."""
    try:
        return "" if stat.S_ISDIR(directory.stat().st_mode) else "something else"
    except (FileNotFoundError, NotADirectoryError):
        return "nothing"
    except OSError as error:  # a name that is too long, a place that may not be seen
        return f"an error ({error.strerror})"


def _is_made(directory: Path, job: Job, by_name: Mapping[str, Job], cwd: Path) -> bool:
    """Whether a job of this run that another one needs promises something at, in or above it."""
    left_out = {need for each in by_name.values() for need in graph.needs(each)} - by_name.keys()
    made = [
        written.place(cwd, path)
        for need in graph.closure(by_name, graph.needs(job), without=left_out)
        for path in by_name[need].outputs.values()
    ]
    return any(path.is_relative_to(directory) or directory.is_relative_to(path) for path in made)
