"""Finds out by inotify(7) when a file at a path may be complete. Knows no job.

Complete means that every process that wrote to it has closed it, before or after it was linked or
renamed into place: a half-written file is not complete. A directory counts when it appears, so a
job that promises one writes it aside and renames it. Every directory on the way to a path, also
through symlinks, is watched for new entries, so the way itself may be made, removed, turned and
made again. `polling` is the fallback for systems without inotify, and for paths that inotify
refuses.
"""

from __future__ import annotations

import errno
import os
import struct
import sys
from collections.abc import Hashable, Iterator
from pathlib import Path
from typing import Any, NamedTuple, Protocol

from lib.outputs.path_follower import is_settled, names_on_the_way
from lib.outputs.polling import PollWatch

IN_ATTRIB, IN_CLOSE_WRITE, IN_MOVED_TO, IN_CREATE = 0x4, 0x8, 0x80, 0x100
IN_Q_OVERFLOW, IN_IGNORED, IN_ISDIR = 0x4000, 0x8000, 0x40000000
IN_ONLYDIR, IN_MASK_ADD = 0x01000000, 0x20000000
APPEARS = IN_MOVED_TO | IN_CREATE
CHANGES = IN_CLOSE_WRITE | IN_ATTRIB  # the latter by utime(2), which opens nothing
HEADER = struct.Struct("iIII")  # struct inotify_event: wd, mask, cookie, length of the name


class Watch(Protocol):
    """Waits for paths; the caller verifies the news."""

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
        """Return the seconds until the next `read`, even if nothing is readable."""
        ...

    def read(self) -> list[Any]:
        """Return the tokens whose paths may be complete now."""
        ...

    def close(self) -> None:
        """Close the watch."""
        ...


class Way(NamedTuple):
    """The names that are looked up for a path: its last ones, and those before."""

    ends: frozenset[Path] = frozenset()
    leading: frozenset[Path] = frozenset()


def make_watch() -> Watch:
    """Return the watch of this system."""
    return InotifyWatch() if sys.platform == "linux" else PollWatch()


class InotifyWatch:
    """Costs nothing until something is added; then one descriptor until it is closed."""

    def __init__(self) -> None:
        self._paths: dict[Hashable, Path] = {}
        self._ways: dict[Hashable, Way] = {}
        # by watch descriptor; two mounts of one directory have the same
        self._directories: dict[int, set[Path]] = {}
        self._fd: int | None = None
        self._libc: Any = None
        self._refused = PollWatch(is_settled)
        self._closing = PollWatch(is_settled)  # closed files that still count as open

    def add(self, token: Hashable, path: Path) -> None:
        """Watch the way to a path; by timed looks if inotify refuses, as when its limits are met.

        Source of the limits: inotify(7), /proc/sys/fs/inotify.
        """
        self._paths[token] = path
        self._follow_or_poll(token)

    def remove(self, token: Hashable) -> None:
        """Forget a path; its directories stay watched until the last path is removed."""
        self._paths.pop(token, None)
        self._ways.pop(token, None)
        self._refused.remove(token)
        self._closing.remove(token)
        if not self._paths:
            self._rest()

    def fileno(self) -> int | None:
        """Return the inotify descriptor while there is something to wait for."""
        return self._fd if self._paths else None

    def interval(self) -> float:
        """Return infinity, since inotify has a descriptor, unless some path is polled."""
        return min(self._refused.interval(), self._closing.interval())

    def read(self) -> list[Any]:
        """Read the events and return the tokens that they may complete."""
        closed = self._closing.read()
        for token in closed:
            self._closing.remove(token)
        ready = {*self._refused.read(), *closed}
        for descriptor, mask, name in self._events():
            if mask & IN_Q_OVERFLOW:
                ready |= self._look_again(list(self._paths))
            elif (
                mask & IN_IGNORED
            ):  # the directory is gone; an event of its parent follows if it comes back
                self._directories.pop(descriptor, None)
            for directory in list(self._directories.get(descriptor, ())):
                ready |= self._happened(directory / name, mask, ready)
        return [token for token in self._paths if token in ready]

    def close(self) -> None:
        """Close the inotify descriptor, and with it all watches."""
        for token in list(self._paths):
            self.remove(token)
        if self._fd is not None:
            os.close(self._fd)
        self._fd = None

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

    def _happened(self, changed: Path, mask: int, ready: set[Hashable]) -> set[Hashable]:
        """Return the tokens that an event may have completed as well; follow new ways down."""
        told = {token for token, way in self._ways.items() if changed in way.ends} - ready
        leads_on = {token for token, way in self._ways.items() if changed in way.leading}
        if told and changed.is_symlink():  # it leads to another end now
            leads_on |= told
            told = set()
        elif mask & IN_ATTRIB and mask & IN_ISDIR:  # its entries may be unchanged
            told = set()
        elif told and not self._is_closed(told):
            if mask & IN_CLOSE_WRITE:  # this event comes before the file counts as closed
                for token in told:
                    self._closing.add(token, self._paths[token])
            told = set()
        return told | self._look_again(list(leads_on))

    def _look_again(self, tokens: list[Hashable]) -> set[Hashable]:
        """Follow the ways to these paths and return those that are there already."""
        for token in tokens:
            self._follow_or_poll(token)
        return {token for token in tokens if self._is_closed({token})}

    def _is_closed(self, tokens: set[Hashable]) -> bool:
        """Whether no process writes at the path of these; if one does, its close is waited for.

        It may have opened the file under another name, or none, and the event would come there.
        """
        path = self._paths[next(iter(tokens))]
        if is_settled(path):
            return True
        try:
            for end in {end for token in tokens for end in self._ways.get(token, Way()).ends}:
                self._watch(end, IN_CLOSE_WRITE, 0)
        except OSError:
            for token in tokens:
                self._refused.add(token, self._paths[token])
        return is_settled(path)

    def _follow_or_poll(self, token: Hashable) -> None:
        try:
            self._follow(token)
        except OSError:
            self._refused.add(token, self._paths[token])

    def _follow(self, token: Hashable) -> None:
        """Watch every directory on the way; those that the path ends in for closed files too.

        Each is watched before a name in it is looked up, so no entry is made in between unnoticed.
        """
        ends: set[Path] = set()
        leading: set[Path] = set()
        for name, last in names_on_the_way(self._paths[token]):
            self._watch(name.parent, APPEARS | CHANGES if last else APPEARS)
            (ends if last else leading).add(name)
        self._ways[token] = Way(frozenset(ends), frozenset(leading))

    def _watch(self, directory: Path, mask: int, only: int = IN_ONLYDIR) -> None:
        import ctypes  # late: only outputs to watch need it

        if self._fd is None:
            self._libc = ctypes.CDLL(None, use_errno=True)
            fd = self._libc.inotify_init1(os.O_NONBLOCK | os.O_CLOEXEC)
            if fd < 0:
                raise OSError(ctypes.get_errno(), "inotify_init1")
            self._fd = fd
        name, flags = os.fsencode(directory), only | IN_MASK_ADD
        descriptor = self._libc.inotify_add_watch(self._fd, name, mask | flags)
        if descriptor >= 0:
            self._directories.setdefault(descriptor, set()).add(directory)
            return
        number = ctypes.get_errno()
        above = not mask & IN_CLOSE_WRITE  # its entries may be hidden from us, as in /home
        if number not in (errno.ENOENT, errno.ENOTDIR) and not (above and number == errno.EACCES):
            raise OSError(number, os.strerror(number), str(directory))

    def _rest(self) -> None:
        """Watch nothing, but keep the descriptor: the kernel needs milliseconds to close one."""
        for descriptor in self._directories:
            self._libc.inotify_rm_watch(self._fd, descriptor)  # it may be gone already
        self._directories.clear()
        for _ in self._events():
            pass  # for no token
