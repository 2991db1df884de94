"""Files that are whole or not there, locks that name their holder, logs that overwrite nothing."""

from __future__ import annotations

import contextlib
import fcntl
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lib import interrupts


def atomic_write(path: Path, data: str | bytes, mode: int = 0o644) -> None:
    """Write a file so that a reader, or a crash, sees all of it or what was there before.

    Written beside the target, synced, then renamed over it (rename(2)). Raises OSError.
    """
    # names of files may be no text (os.fsdecode): they are written as they are
    content = data.encode(errors="surrogateescape") if isinstance(data, str) else data
    # a name that is nearly as long as names can be leaves no room for a longer one
    name = path.parent / f".{path.name[:40]}.{os.urandom(8).hex()}"
    handle = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fchmod(file.fileno(), mode)
            os.fsync(file.fileno())
        name.replace(path)
    except BaseException:
        name.unlink(missing_ok=True)
        raise


def rotate(path: Path) -> None:
    """Give an existing file the next free name `path.1`, `path.2`, …, overwriting nothing.

    The new name is reserved by making it (O_EXCL), so that whoever rotates or writes at the same
    time gets another one; the rename then replaces only what was made here. Raises OSError.
    """
    number = 1
    while os.path.lexists(path):
        numbered = Path(f"{path}.{number}")
        try:
            os.close(os.open(numbered, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC))
        except FileExistsError:
            number += 1
            continue
        try:
            path.rename(numbered)
        except OSError as error:
            numbered.unlink()
            if not isinstance(error, FileNotFoundError):  # somebody else has rotated it
                raise
        return


class LockTimeoutError(Exception):
    """A lock stayed with its holder for longer than the caller would wait."""


class Held:
    """A lock while it is held; it protects nobody once its file is not the one at the path."""

    def __init__(self, path: Path, handle: int) -> None:
        self.path = path
        self._handle = handle

    @property
    def lost(self) -> bool:
        """Whether the file was removed, so that somebody else may hold one of this name."""
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
    Raises LockTimeoutError, OSError, and Interrupted while it waits.
    """
    end = None if timeout is None else time.monotonic() + timeout
    told = False
    while True:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        held = Held(path, handle)
        try:
            if not _try(handle):
                holder = _holder(handle)
                if not told:
                    waiting(holder)
                    told = True
                if not _acquire(handle, end):
                    raise LockTimeoutError(
                        f"{path} is held by {holder}; waited {timeout:g} s for it"
                    )
            if held.lost:  # while we waited: the next comer would lock another file
                continue
            os.ftruncate(handle, 0)
            since = time.strftime("%Y-%m-%d %H:%M:%S")
            name = f"{label} (pid {os.getpid()}, since {since})\n"
            os.pwrite(handle, name.encode(errors="replace"), 0)
            try:
                yield held
            finally:
                # or the next holder would be told by our name until it has written its own
                os.ftruncate(handle, 0)
            return
        finally:
            os.close(handle)


def _try(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _acquire(handle: int, end: float | None) -> bool:
    """Wait for a lock; return whether it came before `end`."""
    if end is None:
        with interrupts.cut_short():
            fcntl.flock(handle, fcntl.LOCK_EX)
        return True
    while not _try(handle):
        if time.monotonic() >= end:
            return False
        interrupts.sleep(min(0.1, max(0.0, end - time.monotonic())))
    return True


def _holder(handle: int) -> str:
    text = os.pread(handle, 500, 0).decode(errors="replace").strip()
    return text or "somebody who has not written a name yet"
