"""Tells whether a path is on a network file system, where processes share no memory.

Source: proc_pid_mountinfo(5). Elsewhere than on Linux the answer is no.
"""

from __future__ import annotations

import re
from pathlib import Path

from lib.common import files

MOUNTS = Path("/proc/self/mountinfo")
NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs"}
    | {"lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"}
)


def holds(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a path is on a network file system, as far as the system tells."""
    try:
        table = files.read(mounts).decode(errors="surrogateescape")
        place = path.resolve()
    except OSError:
        return False
    kind = ""
    longest = -1
    for line in table.splitlines():
        before, _, after = line.partition(" - ")
        point = Path(_unescaped(before.split(" ")[4]))
        if place.is_relative_to(point) and len(point.parts) >= longest:  # a later one lies over it
            kind, longest = after.split(" ")[0], len(point.parts)
    return kind in NETWORK


def _unescaped(text: str) -> str:
    """Return a path of the table: octal escapes stand for spaces, tabs, newlines, backslashes."""
    return re.sub(r"\\([0-7]{3})", lambda match: chr(int(match[1], 8)), text)
