"""The lock of those that open the database of the queue, or move a damaged one.

It names no holder, so that it can be held on a full disk as well.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue import ownership
from lib.common import files

PATIENCE = 10.0  # seconds to wait for another process
LOOK = 0.02  # seconds from one try to the next


@contextlib.contextmanager
def held(path: Path) -> Iterator[None]:
    """Hold the lock of a database. Raises OSError, such as TimeoutError."""
    handle = files.open_file(path.with_suffix(".lock"), os.O_RDWR | os.O_CREAT)
    try:
        ownership.give(handle, path.parent)
        end = time.monotonic() + PATIENCE
        while not files.try_lock(handle):
            if time.monotonic() > end:
                raise TimeoutError(f"another process moves or opens {path}: try again later")
            time.sleep(LOOK)
        yield
    finally:
        os.close(handle)
