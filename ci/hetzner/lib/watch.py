"""Tells when a file at a path may be complete, from inotify(7). Knows no job.

Complete means closed after writing, linked or renamed into place: a half-written file is not. A
directory counts when it appears, so whoever promises one writes it aside and renames it. Every
directory on the way to a path is watched for what appears in it, so the way itself may be made,
removed and made again. What happens behind a symlink at the path itself is not noticed.
`watch_poll` is the fallback for systems without inotify, and for what inotify refuses.
"""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import struct
import sys
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, Protocol

from lib.watch_poll import PollWatch

IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x4, 0x8, 0x80, 0x100
IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR = 0x4000, 0x8000, 0x40000000
IN_ONLYDIR, IN_MASK_ADD = 0x01000000, 0x20000000
APPEARS = IN_MOVED_TO | IN_CREATE
CHANGES = IN_CLOSE_WRITE | IN_ATTRIB  # the latter by utime(2), which opens nothing
HEADER = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, length of the name


class Watch(Protocol):
    """Waits for paths; the caller verifies what it is told of."""

    def add(self, token: Hashable, path: Path) -> None:
        """Wait for a path."""
        ...

    def remove(self, token: Hashable) -> None:
        """Wait for it no more."""
        ...

    def fileno(self) -> int | None:
        """Return a descriptor that is readable when there is something to read, if there is one."""
        ...

    def interval(self) -> float:
        """Return the seconds until somebody should call `read` even if nothing is readable."""
        ...

    def read(self) -> list[Any]:
        """Return the tokens whose paths may be complete now."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def make_watch() -> Watch:
    """Return the watch of this system."""
    return InotifyWatch() if sys.platform == "linux" else PollWatch()


class InotifyWatch:
    """Costs nothing until something is added."""

    def __init__(self) -> None:
        self._paths: dict[Hashable, Path] = {}
        self._at: dict[Path, set[Hashable]] = {}  # whose path this is
        self._under: dict[Path, set[Hashable]] = {}  # whose path leads through this
        # by watch descriptor; two spellings of one directory have the same
        self._directories: dict[int, set[Path]] = {}
        self._fd: int | None = None
        self._libc: Any = None
        self._refused = PollWatch()

    def add(self, token: Hashable, path: Path) -> None:
        """Watch the way to a path; by timed looks if inotify refuses, as when its limits are met.

        Source of the limits: inotify(7), /proc/sys/fs/inotify.
        """
        self._paths[token] = path
        self._at.setdefault(path, set()).add(token)
        for directory in path.parents:
            self._under.setdefault(directory, set()).add(token)
        self._follow_or_poll(token)

    def remove(self, token: Hashable) -> None:
        """Forget a path; its directories stay watched until the last path is removed."""
        path = self._paths.pop(token, None)
        for index, places in ((self._at, [path]), (self._under, path.parents)) if path else ():
            for place in places:
                index[place].discard(token)
                if not index[place]:
                    del index[place]
        self._refused.remove(token)
        if not self._paths:
            self._close_descriptor()

    def fileno(self) -> int | None:
        """Return the inotify descriptor while there is something to wait for."""
        return self._fd

    def interval(self) -> float:
        """Return infinity, since inotify tells by itself, unless it has refused a path."""
        return self._refused.interval()

    def read(self) -> list[Any]:
        """Read what happened and return the tokens that it may complete."""
        ready = set(self._refused.read())
        for descriptor, mask, name in self._events():
            if mask & IN_Q_OVERFLOW:
                ready |= self._look_again(list(self._paths))
            elif mask & IN_IGNORED:  # the directory is gone; its parent tells if it comes back
                self._directories.pop(descriptor, None)
            for directory in list(self._directories.get(descriptor, ())):
                ready |= self._happened(directory / name, mask)
        return [token for token in self._paths if token in ready]

    def close(self) -> None:
        """Close the inotify descriptor, and with it all watches."""
        for mapping in (self._paths, self._at, self._under):
            mapping.clear()
        self._refused.close()
        self._close_descriptor()

    def _events(self) -> Iterator[tuple[int, int, str]]:
        """Yield (watch descriptor, mask, name of the entry)."""
        if self._fd is None:
            return
        try:
            buffer = os.read(self._fd, 65536)
        except BlockingIOError:
            return
        offset = 0
        while offset < len(buffer):
            descriptor, mask, _, length = HEADER.unpack_from(buffer, offset)
            offset += HEADER.size
            name = buffer[offset : offset + length].rstrip(b"\0")
            offset += length
            yield descriptor, mask, os.fsdecode(name)

    def _happened(self, changed: Path, mask: int) -> set[Hashable]:
        """Return the tokens that an event may have completed; follow new directories down."""
        told = set(self._at.get(changed, ()))
        if mask & IN_ATTRIB and mask & IN_ISDIR:  # of what is in it this says nothing
            told = set()
        elif not mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_ISDIR):
            told = {token for token in told if is_settled(changed)}
        return told | self._look_again(list(self._under.get(changed, ())))

    def _look_again(self, tokens: list[Hashable]) -> set[Hashable]:
        """Follow the ways to these paths and return those that are there already."""
        for token in tokens:
            self._follow_or_poll(token)
        return {token for token in tokens if is_settled(self._paths[token])}

    def _follow_or_poll(self, token: Hashable) -> None:
        try:
            self._follow(self._paths[token])
        except OSError:
            self._refused.add(token, self._paths[token])

    def _follow(self, path: Path) -> None:
        """Watch every directory on the way that exists, the nearest for closed files too.

        Once more as long as there are others than before: one that was made before its parent
        was watched is told of by nobody.
        """
        before: list[Path] = []
        while (way := [d for d in path.parents if d.is_dir()]) != before:
            for directory in way:
                nearest = directory == path.parent
                self._watch(directory, APPEARS | CHANGES if nearest else APPEARS)
            before = way

    def _watch(self, directory: Path, mask: int) -> None:
        import ctypes

        if self._fd is None:
            self._libc = ctypes.CDLL(None, use_errno=True)
            fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if fd < 0:
                raise OSError(ctypes.get_errno(), "inotify_init1")
            self._fd = fd
        name, flags = os.fsencode(directory), IN_ONLYDIR | IN_MASK_ADD
        descriptor = self._libc.inotify_add_watch(self._fd, name, mask | flags)
        if descriptor >= 0:
            self._directories.setdefault(descriptor, set()).add(directory)
            return
        number = ctypes.get_errno()
        above = not mask & IN_CLOSE_WRITE  # its entries may be hidden from us, as in /home
        if number not in (errno.ENOENT, errno.ENOTDIR) and not (above and number == errno.EACCES):
            raise OSError(number, os.strerror(number), str(directory))

    def _close_descriptor(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None
        self._directories.clear()


def is_settled(path: Path) -> bool:
    """Whether something is there that nobody has open for writing.

    The kernel gives a read lease only on such a file (fcntl(2), F_SETLEASE). Where it gives none
    at all, as on NFS, what is there counts as settled.
    """
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return True
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return isinstance(error, PermissionError)  # there may be something: the caller verifies
    try:
        # who opens it for writing right now has us signalled: SIGIO would end us, SIGURG does not
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno != errno.EAGAIN
    finally:
        os.close(handle)
    return True
