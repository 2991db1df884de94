"""Finds out whether a promised output was written since an attempt began. Knows no job.

Identity and change time decide, not the modification time: `cp -p`, `mv` of an old file and a
rewrite in place all count, a leftover does not. The change time moves with every write and rename,
but with every change of attributes too (inode(7)). So a change time that moved together with the
mode, the owner or the number of names, and with nothing else, is no write.
"""

from __future__ import annotations

import errno
import os
import stat
import time
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple


class PathIdentity(NamedTuple):
    """The identity of one file or directory; times are in nanoseconds."""

    name: str
    identity: tuple[int, ...]  # only a write or another file changes these
    changed: int
    attributes: tuple[int, ...]  # these may change without a write


Signature = tuple[PathIdentity, ...]
UNREADABLE: Signature = ()  # there may be a file, but we may not read it
MOST_ENTRIES = 20_000  # of a directory: a limit on the work, not on the size of an output
TICK = 0.01  # seconds by which the time of a change may be behind
NOTHING = (errno.ENOENT, errno.ENOTDIR, errno.ELOOP, errno.ENAMETOOLONG)


def place(cwd: Path, path: str) -> Path:
    """Return the path of a declared output, with its `..` left in.

    The meaning of `link/..` depends on the link (path_resolution(7)), so every job gets the same
    text.
    """
    return cwd / path


def signature(path: Path) -> Signature | None:
    """Return the identity of a file or a whole directory as it is now; None if there is none.

    A symlink at the path itself is followed and also counts for itself; symlinks below it count
    for themselves alone.
    """
    try:
        status, link = path.stat(), path.lstat()
    except OSError as error:
        return None if error.errno in NOTHING else UNREADABLE
    found = [_entry("", status)]
    if stat.S_ISLNK(link.st_mode):
        found.append(_entry("link", link))
    if stat.S_ISDIR(status.st_mode):
        found += islice(_below(path), MOST_ENTRIES)
    return tuple(sorted(found))


def is_fresh(before: Signature | None) -> bool:
    """Whether a file was written so lately that a rewrite in place may change nothing here.

    The kernel stamps changes with its last tick (ktime_get_coarse_real_ts64), 10 ms at most.
    """
    newest = max((entry.changed for entry in before or ()), default=0)
    return abs(time.time_ns() - newest) < TICK * 1e9


def written_since(before: Signature | None, path: Path) -> bool:
    """Whether the path exists and differs from `before`.

    False if it could not be read then or cannot be now: an unknown state is no success.
    """
    now = signature(path)
    if not now or before == UNREADABLE:
        return False
    return before is None or len(now) != len(before) or any(map(_is_another, before, now))


def _is_another(was: PathIdentity, now: PathIdentity) -> bool:
    same = (now.name, now.identity) == (was.name, was.identity)
    return not same or (now.changed != was.changed and now.attributes == was.attributes)


def _below(path: Path) -> Iterator[PathIdentity]:
    """Yield the entries of a directory, level by level; entries removed meanwhile are skipped."""
    queue = [str(path)]
    for directory in queue:  # grows during the loop
        for entry in _scan(directory):
            try:
                status = entry.stat(follow_symlinks=False)
            except OSError:
                continue
            if stat.S_ISDIR(status.st_mode):
                queue.append(entry.path)
            yield _entry(entry.path, status)


def _scan(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except OSError:
        return []


def _entry(name: str, status: os.stat_result) -> PathIdentity:
    kind, rights = stat.S_IFMT(status.st_mode), stat.S_IMODE(status.st_mode)
    return PathIdentity(
        name,
        (kind, status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns),
        status.st_ctime_ns,
        (rights, status.st_uid, status.st_gid, status.st_nlink),
    )
