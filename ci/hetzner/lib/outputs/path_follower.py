"""Follows the way to a path as the kernel does, and checks whether its file is complete."""

from __future__ import annotations

import errno
import fcntl
import os
import signal
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

MOST_LINKS = 40  # that the kernel follows: path_resolution(7)


def names_on_the_way(path: Path) -> Iterator[tuple[Path, bool]]:
    """Yield the names that are looked up on the way to an absolute path (path_resolution(7)).

    Each is in its real directory, with a flag for the last names: a symlink at the path itself and
    its target. A name is looked up when the next is asked for.
    """
    here, rest, links = Path(path.anchor), [*reversed(path.parts)], 0
    while rest and links <= MOST_LINKS:
        part = rest.pop()
        if part in (path.anchor, ".."):
            here = here.parent if part == ".." else Path(part)
            continue
        name = here / part
        yield name, not rest
        try:
            rest += reversed(name.readlink().parts)
            links += 1
        except OSError:  # no symlink, or nothing at all
            here = name


def is_settled(path: Path) -> bool:
    """Whether there is a file that no process has open for writing.

    The kernel gives a read lease only on such a file (fcntl(2), F_SETLEASE). On a file system
    without leases, such as NFS, every file counts as settled.
    """
    if sys.platform != "linux":
        return True
    try:
        if not stat.S_ISREG(path.stat().st_mode):
            return True
        handle = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC)
    except OSError as error:
        return isinstance(error, PermissionError)  # there may be a file: the caller verifies
    try:
        # the kernel signals us if a process opens it now: SIGIO would end us, SIGURG does not
        fcntl.fcntl(handle, fcntl.F_SETSIG, signal.SIGURG)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_RDLCK)
        fcntl.fcntl(handle, fcntl.F_SETLEASE, fcntl.F_UNLCK)
    except OSError as error:
        return error.errno != errno.EAGAIN
    finally:
        os.close(handle)
    return True
