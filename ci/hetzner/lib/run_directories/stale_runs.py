"""Finds what of a store may go: old runs, links that lead nowhere, parts of removed runs."""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, waste
from lib.common.waste import Waste
from lib.run_directories import commit_links, retention, run_index, run_name
from lib.run_directories.log_directory import LOCK
from lib.run_directories.retention import Limits
from lib.run_directories.run_store import RunStore

GOING = ".going-"  # begins the name of a run that is being removed


def find(store: Path, limits: Limits, now: float) -> Iterator[Waste]:
    """Yield the things that may go, `now` being seconds since the epoch. Raises OSError."""
    runs = store / run_name.RUNS
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(runs.glob(f"{GOING}*")):
            yield Waste(
                path,
                waste.disk_usage(path),
                "was being removed",
                functools.partial(waste.tree, path),
            )
    known = run_index.known(store)
    going = retention.reasons(known, limits, now)
    for run in reversed(known):
        if run.name in going:
            path = runs / run.name
            yield Waste(path, run.size, going[run.name], functools.partial(_remove, path))
    yield from _links(store)


def take_over_old(store: Path) -> None:
    """Move the directories `logs/<sha>` of older runners to the runs. Raises OSError."""
    logs = store / run_name.LOGS
    with contextlib.suppress(FileNotFoundError):
        for path in sorted(logs.iterdir()):
            if not path.is_symlink() and path.is_dir():
                moved = commit_links.move_old(store, path.name)
                if moved:
                    RunStore(store).publish(moved.path, path.name, whole=moved.speaks_for_commit)


def _remove(run: Path) -> bool:
    """Remove the directory of a run; return whether it is gone: a live run stays.

    It is renamed first: a reader finds a whole run or none. Raises OSError.
    """
    with contextlib.ExitStack() as stack:
        with contextlib.suppress(FileNotFoundError, files.NotAFileError):
            handle = files.open_file(run / LOCK, os.O_RDWR)
            stack.callback(os.close, handle)
            try:
                if not files.try_lock(handle):
                    return False
            except OSError:  # a file system without locks: its summary tells that it has ended
                pass
        going = run.with_name(f"{GOING}{run.name}")
        run.rename(going)
    return waste.tree(going)


def _links(store: Path) -> Iterator[Waste]:
    """Yield the links of commits that lead to no run, and half-made links."""
    logs = store / run_name.LOGS
    with contextlib.suppress(FileNotFoundError):
        for link in sorted(logs.iterdir()):
            if link.is_symlink() and not link.exists():
                yield Waste(
                    link, 0, "leads to no run", functools.partial(_remove_link, store, link)
                )


def _remove_link(store: Path, link: Path) -> bool:
    """Remove a link that leads to no run; one of a commit with other runs leads to those then."""
    link.unlink(missing_ok=True)
    commit = run_name.of(link.name, 0).commit
    for run in reversed(RunStore(store).runs()):
        if run.key.commit == commit and run.sha == link.name:
            RunStore(store).publish(run.path, link.name, whole=run.speaks_for_commit)
    return True
