"""Tells when a file at a path is complete, from inotify(7). Knows no job.

Complete means closed after writing, or renamed into place: a half-written file is not. A
directory counts when it appears, so whoever promises one writes it aside and renames it. As
long as a directory on the way does not exist, its nearest existing parent is watched instead.
`watch_poll` is the fallback for systems without inotify.
"""

from __future__ import annotations

import math
import os
import struct
import sys
from collections.abc import Hashable
from pathlib import Path
from typing import Any, Protocol

IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x8, 0x80, 0x100
IN_Q_OVERFLOW, IN_ISDIR, IN_ONLYDIR = 0x4000, 0x40000000, 0x01000000
INTERESTING = IN_CLOSE_WRITE | IN_MOVED_TO | IN_CREATE
HEADER = struct.Struct("iIII")


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
        """Return the seconds until somebody should look by himself; infinite with a descriptor."""
        ...

    def read(self) -> list[Any]:
        """Return the tokens whose paths may be complete now."""
        ...

    def close(self) -> None:
        """Let go of everything."""
        ...


def make_watch() -> Watch:
    """Return the watch of this system."""
    if sys.platform == "linux":
        return InotifyWatch()
    from lib.watch_poll import PollWatch

    return PollWatch()


class InotifyWatch:
    """Costs nothing until something is added."""

    def __init__(self) -> None:
        self._paths: dict[Hashable, Path] = {}
        self._directory_of: dict[int, Path] = {}  # watch descriptor -> directory
        self._fd: int | None = None
        self._libc: Any = None

    def add(self, token: Hashable, path: Path) -> None:
        """Watch the directory that the path will appear in. Raises OSError."""
        self._paths[token] = path
        self._watch_towards(path)

    def remove(self, token: Hashable) -> None:
        """Forget a path; its directory stays watched until `close`, other paths may be in it."""
        self._paths.pop(token, None)
        if not self._paths:
            self.close()

    def fileno(self) -> int | None:
        """Return the inotify descriptor once something was added."""
        return self._fd

    def interval(self) -> float:
        """Return infinity: inotify tells by itself."""
        return math.inf

    def read(self) -> list[Any]:
        """Read what happened and return the tokens that it may complete."""
        touched: set[Path] = set()
        if self._fd is None:
            return []
        try:
            buffer = os.read(self._fd, 65536)
        except BlockingIOError:
            return []
        offset = 0
        while offset < len(buffer):
            descriptor, mask, _, length = HEADER.unpack_from(buffer, offset)
            offset += HEADER.size
            name = buffer[offset : offset + length].rstrip(b"\0")
            offset += length
            if mask & IN_Q_OVERFLOW:
                touched.update(self._paths.values())
            elif descriptor in self._directory_of:
                touched |= self._happened(self._directory_of[descriptor], os.fsdecode(name), mask)
        return [token for token, path in self._paths.items() if path in touched]

    def _happened(self, directory: Path, name: str, mask: int) -> set[Path]:
        """Return the paths that an event may have completed; follow new directories down."""
        changed = directory / name
        complete: set[Path] = set()
        for path in list(self._paths.values()):
            if path == changed and self._is_complete(path, mask):
                complete.add(path)
            elif changed in path.parents:
                self._watch_towards(path)
                # it may have appeared before the new directory was watched
                if path.exists():
                    complete.add(path)
        return complete

    def _is_complete(self, path: Path, mask: int) -> bool:
        if mask & (IN_CLOSE_WRITE | IN_MOVED_TO | IN_ISDIR):
            return True
        # a new link has its content already; a new file has yet to be written and closed
        return path.is_symlink() or (path.exists() and path.stat().st_nlink > 1)

    def _watch_towards(self, path: Path) -> None:
        """Watch the nearest existing directory above a path."""
        for directory in path.parents:
            if self._add_directory(directory):
                break

    def _add_directory(self, directory: Path) -> bool:
        import ctypes

        if self._fd is None:
            self._libc = ctypes.CDLL(None, use_errno=True)
            self._fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if self._fd < 0:
                self._fd = None
                self._raise(ctypes.get_errno(), "inotify_init1")
        name = os.fsencode(directory)
        descriptor = self._libc.inotify_add_watch(self._fd, name, INTERESTING | IN_ONLYDIR)
        if descriptor < 0:
            number = ctypes.get_errno()
            if not directory.is_dir():
                return False
            self._raise(number, str(directory))
        self._directory_of[descriptor] = directory
        return True

    def _raise(self, number: int, what: str) -> None:
        raise OSError(number, os.strerror(number), what)

    def close(self) -> None:
        """Close the inotify descriptor, and with it all watches."""
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None
        self._directory_of.clear()
