"""Tells whether a promised output was written since an attempt began. Knows no job.

Identity and change time decide, never the modification time, which copying tools set as they
like: `cp -p`, `mv` of an old file and a rewrite in place all count, a leftover does not.
Source: inode(7); the change time moves on with every write, rename, link and attribute change.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

Signature = tuple[tuple[str, int, int, int, int, int], ...]
MOST_ENTRIES = 20_000  # of a directory: a limit on the work, not on the size of an output


def signature(path: Path) -> Signature | None:
    """Return what identifies a file or a whole directory as it is now; None if there is none."""
    try:
        status = path.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    found = [_entry("", status)]
    if stat.S_ISDIR(status.st_mode):
        queue = [str(path)]
        for directory in queue:  # grows while it is walked
            for entry in _scan(directory):
                if len(found) >= MOST_ENTRIES:
                    return tuple(sorted(found))
                try:
                    found.append(_entry(entry.path, entry.stat(follow_symlinks=False)))
                except FileNotFoundError:
                    continue  # removed between the two looks
                if entry.is_dir(follow_symlinks=False):
                    queue.append(entry.path)
    return tuple(sorted(found))


def written_since(before: Signature | None, path: Path) -> bool:
    """Whether the path exists and is not what it was when `before` was taken."""
    now = signature(path)
    return now is not None and now != before


def _scan(directory: str) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(directory) as entries:
            return list(entries)
    except (FileNotFoundError, PermissionError):
        return []


def _entry(name: str, status: os.stat_result) -> tuple[str, int, int, int, int, int]:
    changed, modified = status.st_ctime_ns, status.st_mtime_ns
    return (name, status.st_dev, status.st_ino, status.st_size, changed, modified)
