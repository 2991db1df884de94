"""The runs that go on on this machine: those in its register, and those of a store. Only reads."""

from __future__ import annotations

import time
from pathlib import Path
from typing import NamedTuple

from lib.machine import register as machine_register
from lib.machine.live_run import LiveRun
from lib.run_directories import run_contents, run_report
from lib.run_directories.ci_log import RunningJob
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun


class RunningRun(NamedTuple):
    """A run that goes on. Moments are seconds since the epoch; `user` is -1 if it is not known."""

    name: str  # of its directory
    directory: str
    label: str
    pid: int | None
    user: int
    since: float
    expected_end: float | None
    waits: tuple[str, ...]  # a sentence for each thing that it waits for, with its holder
    jobs: tuple[RunningJob, ...]


def all_running(store: RunStore | None) -> list[RunningRun]:
    """Return them, the oldest first. Raises OSError if the store cannot be listed."""
    registered = machine_register.live_runs()
    places = {run.log_dir for run in registered}
    ours = [run for run in store.runs() if run.live] if store else []
    found = [_registered(run) for run in registered]
    found += [_stored(run) for run in ours if str(run.path.resolve()) not in places]
    return sorted(found, key=lambda run: run.since)


def _registered(run: LiveRun) -> RunningRun:
    return RunningRun(
        name=Path(run.log_dir).name,
        directory=run.log_dir,
        label=run.label,
        pid=run.pid,
        user=run.user,
        since=run.since,
        expected_end=run.expected_end,
        waits=_waits(run),
        jobs=_jobs(Path(run.log_dir)) if run.log_dir.startswith("/") else (),
    )


def _stored(run: StoredRun) -> RunningRun:
    """Return a live run that is not in the register, which may be out of reach."""
    pid, _, _ = run_report.read(run.summary).run_id.removeprefix("r").partition("-")
    return RunningRun(
        name=run.name,
        directory=str(run.path),
        label="not in the register of the machine",
        pid=int(pid) if pid.isdecimal() and len(pid) < 20 else None,
        user=_owner(run.path),
        since=run.started,
        expected_end=None,
        waits=(),
        jobs=_jobs(run.path),
    )


def _waits(run: LiveRun) -> tuple[str, ...]:
    jobs = (f"{wait.job} waits for {wait.held_by}" for wait in run.waits if wait.held_by)
    return (*([f"waits for {run.waits_for}"] if run.waits_for else []), *jobs)


def _owner(path: Path) -> int:
    try:
        return path.stat().st_uid
    except OSError:
        return -1


def _jobs(directory: Path) -> tuple[RunningJob, ...]:
    return tuple(run_contents.story(directory).running.values())


def time_of_day(now: float) -> int:
    """Return the seconds since midnight, as ci.log counts them."""
    local = time.localtime(now)
    return local.tm_hour * 3600 + local.tm_min * 60 + local.tm_sec
