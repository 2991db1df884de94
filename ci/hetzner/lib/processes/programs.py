"""Looks programs up as a job will: on its PATH, and from its directory. Starts nothing."""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.model.job import Job
from lib.processes import job_directory


def find(name: str, env: Mapping[str, str], cwd: Path) -> str | None:
    """Return the path of a program for a process with this environment and directory, or None.

    Relative entries of PATH count from its directory, as an empty one does (POSIX, Environment
    Variables); so does a name with a slash, which is not looked up on PATH at all (execvp(3)).
    """
    import shutil  # late: it takes a millisecond, and many pipelines require nothing

    if "/" in name:
        return shutil.which(cwd / name)
    entries = env.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(str(cwd / entry) for entry in entries))


def lacking(jobs: Sequence[Job], env: Mapping[str, str], cwd: Path) -> dict[str, list[str]]:
    """Return the missing programs, by the jobs that require them."""
    found: dict[str, list[str]] = {}
    for job in jobs:
        own, directory = {**env, **job.env}, job_directory.of(job, cwd)
        missing = [name for name in job.requires if find(name, own, directory) is None]
        if missing and job_directory.lacking(
            directory
        ):  # a job makes it yet, maybe with programs in it
            missing = [name for name in missing if not _may_come(name, own)]
        if missing:
            found[job.name] = missing
    return found


def _may_come(name: str, env: Mapping[str, str]) -> bool:
    """Whether a program would also be looked for in a directory that is not there yet."""
    places = [name] if "/" in name else env.get("PATH", os.defpath).split(os.pathsep)
    return not all(place.startswith("/") for place in places)


def describe_missing(
    lacks: Mapping[str, Sequence[str]], leave_out: Callable[[Sequence[str]], str]
) -> str:
    """Return a sentence with all missing programs, and with the way to run without them."""
    each = ", ".join(f"{' and '.join(missing)} for {name}" for name, missing in lacks.items())
    return f"not found on PATH: {each}: install all, or leave out: {leave_out(list(lacks))}"


def by_argument(names: Sequence[str]) -> str:
    """Return the argument of `Pipeline.run` that leaves jobs out."""
    quoted = ", ".join(f'"{name}"' for name in names)
    return f"skip_jobs=[{quoted}]"
