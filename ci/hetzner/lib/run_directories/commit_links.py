"""The links `logs/<sha>`: each leads to the newest run of all jobs of its commit, else the newest.

Before version 0.4.0 `logs/<sha>` was the directory of all runs of a commit. Such a directory is
moved to the other runs when its commit gets a link.
"""

from __future__ import annotations

import contextlib
from pathlib import Path

from lib.common import locks
from lib.run_directories import run_name
from lib.run_directories.run_name import LOGS, RUNS, RunName
from lib.run_directories.stored_run import StoredRun

PATIENCE = 2.0  # seconds for a lock that is held for a millisecond
TRIES = 1000
NEXT = ".next.link"  # a link until it takes its place


def publish(store: Path, run: StoredRun, sha: str, *, whole: bool) -> None:
    """Set the link of a commit to a run, unless another speaks for more, or is newer.

    Raises OSError, LockTimeoutError.
    """
    with locks.lock(store / "locks" / "links.lock", run.name, timeout=PATIENCE):
        there = _run_at(store, sha)
        link = store / LOGS / sha
        if link.is_dir() and not link.is_symlink():
            there = move_old(store, sha)
            if there is None:
                return  # an older runner writes into it
        stays = there and (there.speaks_for_commit, there.key) > (whole, run.key)
        chosen = there if there and stays else run
        if target(store, sha) != chosen.name:
            _replace(link, f"../{RUNS}/{chosen.name}")


def target(store: Path, sha: str) -> str:
    """Return the name of the run that the link of a commit leads to, '' for none."""
    try:
        found = (store / LOGS / sha).readlink()
    except (OSError, ValueError):
        return ""
    right = found.parent == Path("..", RUNS) and run_name.parse(found.name)
    return found.name if right else ""


def _run_at(store: Path, sha: str) -> StoredRun | None:
    """Return the run that a link leads to, None if there is no such run."""
    name = target(store, sha)
    parsed = run_name.parse(name)
    path = store / RUNS / name
    return StoredRun(path, parsed) if parsed and path.is_dir() and not path.is_symlink() else None


def _replace(link: Path, to: str) -> None:
    """Set a link in one step: a reader finds the old one or the new one. Raises OSError.

    The caller holds the lock of the links, so a link that is there is one of a killed writer.
    """
    link.parent.mkdir(parents=True, exist_ok=True)
    beside = link.with_name(NEXT)
    beside.unlink(missing_ok=True)
    beside.symlink_to(to)
    try:
        beside.replace(link)
    except OSError:
        beside.unlink(missing_ok=True)
        raise


def move_old(store: Path, name: str) -> StoredRun | None:
    """Move a directory `logs/<name>` of an older runner to the runs.

    None if it stays, since its run goes on. Raises OSError.
    """
    old = store / LOGS / name
    if StoredRun(old, RunName("", 1, "")).live:
        return None
    started = _changed(old)
    (store / RUNS).mkdir(parents=True, exist_ok=True)
    for number in range(1, TRIES):
        made = run_name.of(name, started, number)
        new = store / RUNS / str(made)
        with contextlib.suppress(FileExistsError):
            new.mkdir()
            old.replace(new)  # which is empty (rename(2))
            return StoredRun(new, made)
    return None


def _changed(directory: Path) -> float:
    """Return the time at which a run last wrote into its directory: seconds since the epoch."""
    for path in (directory / "summary.json", directory / "ci.log", directory):
        with contextlib.suppress(OSError):
            return path.lstat().st_mtime
    return 0.0
