"""Tells whether a worker lives: it holds a lock, which the kernel frees when it dies."""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from lib.commit_queue import paths
from lib.common import files

LONGEST_NAME = 500  # bytes


def holder(state_dir: Path) -> str:
    """Return the name that the live worker gave itself, '' if none lives. Raises OSError."""
    try:
        handle = files.open_file(paths.worker_lock(state_dir), os.O_RDONLY)
    except FileNotFoundError:
        return ""
    try:
        fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        name = os.pread(handle, LONGEST_NAME, 0).decode(errors="replace").strip()
        return name or "a worker"
    finally:
        os.close(handle)
    return ""
