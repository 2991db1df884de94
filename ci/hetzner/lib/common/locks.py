"""Locks between processes that name their holder."""

from __future__ import annotations

import contextlib
import errno
import math
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lib.common import interrupts
from lib.common.files import NotAFileError, open_file, rotate, try_lock

LOOK = 0.1  # seconds from one try to get a lock to the next
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 600.0  # seconds from one reminder of a wait to the next
PID = re.compile(r"\(pid (\d+), since [^()]*\)$")  # in the name of a holder


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

    The kernel frees it when the holder dies, however it dies. `waiting` is called with the holder's
    name if the lock is taken, and again after 5 s, then ever more rarely; its errors are passed on.
    `timeout` are the seconds to wait (None: for ever). Anything but a file in its place is rotated.
    Raises LockTimeoutError, OSError, and Interrupted while it waits.
    """
    end = math.inf if timeout is None else time.monotonic() + timeout
    reminders = _Reminders(waiting)
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
                if not _acquire(handle, end, reminders):
                    raise LockTimeoutError(
                        f"{path} is held by {holder}; waited {timeout:g} s for it", holder
                    )
            if held.lost:  # while we waited: the next one would lock another file
                continue
            _write_holder(handle, label)
            try:
                yield held
            finally:
                # or our name would stand for the next holder until it has written its own
                os.ftruncate(handle, 0)
            return
        finally:
            os.close(handle)


def holder(path: Path) -> str:
    """Return the name of the process that holds a lock, '' if none does. Raises OSError."""
    try:
        handle = open_file(path, os.O_RDONLY)
    except (FileNotFoundError, NotAFileError):
        return ""
    try:
        return "" if try_lock(handle, shared=True) else _holder(handle)
    finally:
        os.close(handle)


def pid_of(holder: str) -> int | None:
    """Return the pid of a holder, as `lock` names it; None for a name that is cut or missing."""
    found = PID.search(holder)
    return int(found[1]) if found else None


class _Reminders:
    """Tells for whom we wait: at once, then after ever longer pauses."""

    def __init__(self, tell: Callable[[str], None]) -> None:
        self._tell = tell
        self._due = -math.inf
        self._pause = FIRST_PAUSE

    def look(self, handle: int, now: float) -> None:
        if self._due <= now:
            self._tell(_holder(handle))
            self._due = now + self._pause
            self._pause = min(3 * self._pause, LONGEST_PAUSE)


def _acquire(handle: int, end: float, reminders: _Reminders) -> bool:
    """Wait for a lock; return whether it came before `end`."""
    while not try_lock(handle):
        now = time.monotonic()
        reminders.look(handle, now)
        if now >= end:
            return False
        interrupts.sleep(min(LOOK, end - now))
    return True


def _write_holder(handle: int, label: str) -> None:
    """Name this process in the file of a lock that it holds; not on a full disk, to clean that."""
    os.ftruncate(handle, 0)
    since = time.strftime("%Y-%m-%d %H:%M:%S")
    name = f"{label} (pid {os.getpid()}, since {since})\n"  # see PID
    try:
        os.pwrite(handle, name.encode(errors="replace"), 0)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise


def _holder(handle: int) -> str:
    text = os.pread(handle, 500, 0).decode(errors="replace").strip()
    return text or "a process that has not written its name yet"
