"""Locks between processes that name their holder."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lib.common import interrupts
from lib.common.files import NotAFileError, open_file, rotate, try_lock


class LockTimeoutError(Exception):
    """A lock stayed with its holder for longer than the caller would wait."""

    def __init__(self, text: str, holder: str) -> None:
        super().__init__(text)
        self.holder = holder


class Held:
    """A lock while it is held; it protects only while its file is the one at the path."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @property
    def lost(self) -> bool:
        """Whether the file was removed, so that another process may hold one of this name."""
        try:
            there = self.path.stat()
        except (FileNotFoundError, NotADirectoryError):
            return True
        return not os.path.samestat(os.fstat(self._handle), there)


@contextlib.contextmanager
def lock(
    path: Path,
    label: str,
    *,
    timeout: float | None = None,
    waiting: Callable[[str], None] = lambda holder: None,
) -> Iterator[Held]:
    """Hold an exclusive lock (flock(2)) on a file that names its holder.

    The kernel frees it when the holder dies, however it dies. `waiting` is called once with the
    holder's name if the lock is taken; `timeout` are the seconds to wait for it (None: for ever).
    Anything but a file in its place is rotated. Raises LockTimeoutError, OSError, and Interrupted
    while it waits.
    """
    end = None if timeout is None else time.monotonic() + timeout
    announced = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            handle = open_file(path, os.O_RDWR | os.O_CREAT)
        except NotAFileError:
            rotate(path)  # not a lock: a holder has made a file
            continue
        held = Held(path, handle)
        try:
            if not try_lock(handle):
                holder = _holder(handle)
                if not announced:
                    waiting(holder)
                    announced = True
                if not _acquire(handle, end):
                    raise LockTimeoutError(
                        f"{path} is held by {holder}; waited {timeout:g} s for it", holder
                    )
            if held.lost:  # while we waited: the next one would lock another file
                continue
            os.ftruncate(handle, 0)
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            name = f"{label} (pid {os.getpid()}, since {since})\n"
            os.pwrite(handle, name.encode(errors="replace"), 0)
            try:
                yield held
            finally:
                # or our name would stand for the next holder until it has written its own
                os.ftruncate(handle, 0)
            return
        finally:
            os.close(handle)


def _acquire(handle: int, end: float | None) -> bool:
    """Wait for a lock; return whether it came before `end`."""
    if end is None:
        with interrupts.cut_short():
            fcntl.flock(handle, fcntl.LOCK_EX)
        return True
    while not try_lock(handle):
        if time.monotonic() >= end:
            return False
        interrupts.sleep(min(0.1, max(0.0, end - time.monotonic())))
    return True


def _holder(handle: int) -> str:
    text = os.pread(handle, 500, 0).decode(errors="replace").strip()
    return text or "a process that has not written its name yet"
