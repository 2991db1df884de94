"""The drain of the queue by a program, such as an update: a lock that it holds.

The kernel frees the lock when the program dies, so no drain outlives it. That of a person is a mode
of the queue, and stays.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue import paths
from lib.common import locks
from lib.common.locks import LockTimeoutError

WAIT = 2.0  # seconds: those who ask for the holder hold the lock for a moment


def holder(state_dir: Path) -> str:
    """Return the name of the program that drains the queue, '' for none. Raises OSError."""
    return locks.holder(paths.drain_lock(state_dir))


@contextlib.contextmanager
def held(state_dir: Path, name: str) -> Iterator[None]:
    """Drain the queue in the name of a program. Raises OSError if another one does already."""
    try:
        with locks.lock(paths.drain_lock(state_dir), name, timeout=WAIT):
            yield
    except LockTimeoutError as error:
        raise OSError(f"expected no other program that drains, found {error.holder}") from error
