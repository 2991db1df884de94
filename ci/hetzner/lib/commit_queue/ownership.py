"""Leaves files that root makes in the queue of another user to that user.

Otherwise that user could not write them: on a box, root of the container cleans up in the state
directory of the host's `ci`. SQLite does the same for its journals.
"""

from __future__ import annotations

import os
from pathlib import Path

from lib.common import files


def make(path: Path) -> None:
    """Make an empty file, which is also an empty database, if it is missing. Raises OSError."""
    # closing one that is there would give up the locks that this process has on it (fcntl(2))
    if os.geteuid() == 0 and not path.exists():
        handle = files.open_file(path, os.O_RDWR | os.O_CREAT)
        try:
            give(handle, path.parent)
        finally:
            os.close(handle)


def give(handle: int, directory: Path) -> None:
    """Give an open file to the owner of its directory, if this is root. Raises OSError."""
    owner = directory.stat()
    if os.geteuid() == 0 and os.fstat(handle).st_uid != owner.st_uid:
        os.fchown(handle, owner.st_uid, owner.st_gid)
