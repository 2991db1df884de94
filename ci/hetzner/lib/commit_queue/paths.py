"""The files of the queue in a state directory."""

from __future__ import annotations

from pathlib import Path


def database(state_dir: Path) -> Path:
    """Return the database of the queue."""
    return state_dir / "queue.db"


def directory(state_dir: Path) -> Path:
    """Return the directory of the other files; it need not exist yet."""
    return state_dir / "queue"


def log(state_dir: Path, entry: int) -> Path:
    """Return what the command of an entry printed."""
    return directory(state_dir) / f"{entry}.log"


def entry_lock(state_dir: Path, entry: int) -> Path:
    """Return the lock that the command of an entry holds while one of its processes lives."""
    return directory(state_dir) / f"entry-{entry}.lock"


def worker_lock(state_dir: Path) -> Path:
    """Return the lock that the worker holds."""
    return directory(state_dir) / "worker.lock"


def drain_lock(state_dir: Path) -> Path:
    """Return the lock that a program holds while it drains the queue."""
    return directory(state_dir) / "drain.lock"


def wake(state_dir: Path) -> Path:
    """Return the pipe that wakes the worker."""
    return directory(state_dir) / "wake"
