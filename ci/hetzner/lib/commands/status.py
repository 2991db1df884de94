"""The command `status`: the runs of this machine, what they do and wait for, and the room left."""

from __future__ import annotations

import argparse
import contextlib
import pwd
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from lib.commands import answer, run_text, running_runs
from lib.commands.run_text import RunAnswer
from lib.commands.running_runs import RunningRun
from lib.commands.show import answer_on
from lib.commands.site import Site
from lib.common.plain_text import counted, duration, size, table
from lib.report import verdict_limits
from lib.run_directories import run_index
from lib.run_directories.ci_log import RunningJob
from lib.run_directories.retention import KnownRun
from lib.run_directories.run_store import RunStore

SUMMARY = "Tell what runs on this machine, since when, and until when."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the answer, which is always one: return 0."""
    store = RunStore(site.store) if site.store else None
    now, problem = time.time(), ""
    try:
        live = running_runs.all_running(store)
        last = _last(store) if store and not live else None
    except OSError as error:
        live, last = running_runs.all_running(None), None
        problem = f"the store cannot be read: {error}"
    if given.json:
        return answer.as_json({**_fields(live, last, site.store, now), "problem": problem})
    return answer.lines([*_lines(live, last, site.store, now), *([problem] if problem else [])])


def _last(store: RunStore) -> RunAnswer | None:
    """Return the last run of the store that has ended."""
    return next((answer_on(run) for run in store.runs() if not run.live), None)


def _lines(
    live: list[RunningRun], last: RunAnswer | None, store: Path | None, now: float
) -> Iterator[str]:
    for run in live:
        yield from _run(run, now)
        yield ""
    if not live:
        yield "nothing runs on this machine that can be seen from here"
    if last:
        told = ", ".join([run_text.sentence(last), *verdict_limits.of(last.summary)])
        yield f"the last run: {last.state.upper()}  {last.name}: {told}"
    if store and (kept := _kept(store)):
        taken = sum(run.size for run in kept)
        yield f"store: {counted(len(kept), 'run')} of {size(taken)} in {store}"
    if room := _room(store):
        free, total = room
        yield f"disk: {size(free)} of {size(total)} are free"


def _run(run: RunningRun, now: float) -> Iterator[str]:
    since = f"since {_clock(run.since)} ({duration(max(0.0, now - run.since))})"
    yield f"RUNNING  {run.name or 'a run without a directory yet'}, {since}"
    if run.expected_end is not None:
        left = run.expected_end - now
        when = f"in {duration(left)}" if left > 0 else "late"
        yield f"  expected end: {_clock(run.expected_end)} ({when})"
    yield f"  {run.label}, pid {run.pid or 'unknown'}, user {_user(run.user)}"
    if run.directory:
        yield f"  in {run.directory}"
    for wait in run.waits:
        yield f"  {wait}"
    today = running_runs.time_of_day(now)
    rows = [(f"  {job.name}", duration(job.seconds(today)), _doing(job)) for job in run.jobs]
    yield from table(rows, right=[1])


def _clock(moment: float) -> str:
    """Return the time of day of a moment that another user's run may have told."""
    try:
        return time.strftime("%H:%M:%S", time.localtime(moment))
    except (OverflowError, ValueError, OSError):
        return "a moment that is none"


def _doing(job: RunningJob) -> str:
    parts = ["ready"] * job.ready + [f"attempt {job.attempt}"] * (job.attempt > 1)
    return ", ".join(parts)


def _user(number: int) -> str:
    with contextlib.suppress(KeyError, OverflowError):
        return pwd.getpwuid(number).pw_name
    return str(number)


def _kept(store: Path) -> list[KnownRun]:
    """Return the runs of a store with their sizes, which are remembered; of live ones 0."""
    try:
        return run_index.known(store)
    except OSError:
        return []


def _room(store: Path | None) -> tuple[int, int] | None:
    """Return the free bytes and all bytes of the disk of a store, None if they are unknown."""
    place = store
    while place is not None:
        try:
            found = shutil.disk_usage(place)
        except FileNotFoundError:  # the store is made by the first run
            place = place.parent if place != place.parent else None
        except OSError:
            return None
        else:
            return found.free, found.total
    return None


def _fields(
    live: list[RunningRun], last: RunAnswer | None, store: Path | None, now: float
) -> dict[str, object]:
    today = running_runs.time_of_day(now)
    room = _room(store)
    return {
        "runs": [
            {
                **run._asdict(),
                "seconds": now - run.since,
                "jobs": [{**job._asdict(), "seconds": job.seconds(today)} for job in run.jobs],
            }
            for run in live
        ],
        "last": last
        and {"name": last.name, "state": last.state, "sentence": run_text.sentence(last)},
        "store": store and str(store),
        "bytes": sum(run.size for run in _kept(store)) if store else None,
        "disk": room and {"free": room[0], "total": room[1]},
    }
