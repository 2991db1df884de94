"""Tells whether a worker lives: it holds a lock, which the kernel frees when it dies."""

from __future__ import annotations

from pathlib import Path

from lib.commit_queue import paths
from lib.common import locks


def holder(state_dir: Path) -> str:
    """Return the name that the live worker gave itself, '' if none lives. Raises OSError."""
    return locks.holder(paths.worker_lock(state_dir))
