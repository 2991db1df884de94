"""The lock of an entry: its command inherits it, so it is held while a process of the run lives.

The kernel holds it (flock(2)): no pid that is used again can pass for a live run.
"""

from __future__ import annotations

import contextlib
import os
from pathlib import Path

from lib.commit_queue import paths
from lib.common import files

PATTERN = "entry-*.lock"  # as paths.entry_lock names them


def take(path: Path) -> int | None:
    """Return a descriptor that holds a lock until its last copy is closed; None: it is held.

    Raises OSError.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    if files.another_kind(path):
        files.rotate(path)
    handle = files.open_file(path, os.O_RDWR | os.O_CREAT)
    if files.try_lock(handle):
        return handle
    os.close(handle)
    return None


def release(path: Path) -> bool:
    """Remove the file of a lock; False if it stays, since a process still holds it.

    Only for the one worker: a file that another process opens meanwhile would be no lock.
    """
    try:
        handle = files.open_file(path, os.O_RDWR)
    except OSError:
        return True
    try:
        free = files.try_lock(handle)
        if free:
            path.unlink(missing_ok=True)
        return free
    except OSError:
        return True
    finally:
        os.close(handle)


def held(state_dir: Path) -> list[Path]:
    """Return the locks that are held; the others are removed."""
    with contextlib.suppress(OSError):
        return sorted(p for p in paths.directory(state_dir).glob(PATTERN) if not release(p))
    return []
