"""Finds what earlier runs keep for checkouts that are gone, or that no run has used for long.

A run records its checkout in `checkouts/<key>` of the state directory: the time of that file is
that of the last run on it.
"""

from __future__ import annotations

import contextlib
import functools
import os
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, locks, waste
from lib.common.waste import Waste
from lib.configuration.settings import Settings
from lib.git.checkout import MARKER

CHECKOUTS = "checkouts"
PLACES = ("work", "worktrees")  # in the state directory: a directory for each checkout
DAY = 86_400.0  # seconds


def record(config: Settings) -> None:
    """Record that a run uses its checkout now. Raises OSError."""
    path = config.state_dir / CHECKOUTS / config.work_dir.name
    path.parent.mkdir(parents=True, exist_ok=True)
    files.atomic_write(path, os.fsencode(config.repo_dir), durable=False)


def find(state: Path, days: float, now: float) -> Iterator[Waste]:
    """Yield the directories of checkouts that are gone, or unused for more days than these.

    `now` is in seconds since the epoch.
    """
    for key in sorted(_keys(state)):
        checkout, used = _last_use(state, key)
        why = f"unused for more than {days:g} days" if now - used > days * DAY else ""
        if checkout is not None and not os.path.lexists(checkout):
            why = f"its checkout {checkout} is gone"
        if why:
            for place in PLACES:
                path = state / place / key
                if os.path.lexists(path):
                    remove = functools.partial(_remove, state, path)
                    yield Waste(path, waste.disk_usage(path), why, remove)


def _keys(state: Path) -> set[str]:
    """Return the names of checkouts that have a directory."""
    found = set()
    for place in PLACES:
        with contextlib.suppress(FileNotFoundError):
            found |= {
                path.name
                for path in (state / place).iterdir()
                if path.is_dir() and not path.is_symlink()
            }
    return found


def _last_use(state: Path, key: str) -> tuple[Path | None, float]:
    """Return a checkout, None if it is not recorded, and the time of its last use."""
    path = state / CHECKOUTS / key
    with contextlib.suppress(OSError):
        return Path(os.fsdecode(files.read(path))), path.stat().st_mtime
    times = [0.0]
    for place in PLACES:
        with contextlib.suppress(OSError):
            times.append((state / place / key).stat().st_mtime)
    return None, max(times)


def _remove(state: Path, path: Path) -> bool:
    """Remove a directory unless a run goes on for its checkout. Raises OSError."""
    try:
        with locks.lock(state / "locks" / f"{path.name}.lock", "cleans up", timeout=0):
            waste.tree(path)
            path.with_name(path.name + MARKER).unlink(missing_ok=True)
            if not any(os.path.lexists(state / place / path.name) for place in PLACES):
                (state / CHECKOUTS / path.name).unlink(missing_ok=True)
    except locks.LockTimeoutError:
        return False
    return True
