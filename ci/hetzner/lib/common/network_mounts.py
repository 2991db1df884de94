"""Tells whether a path is on a network file system, where processes share no memory.

Source: proc_pid_mountinfo(5). Elsewhere than on Linux the answer is no.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

from lib.common import files

MOUNTS = Path("/proc/self/mountinfo")
MOUNT = re.compile(r"^(?:\S+ ){4}(\S+) .* - (\S+)", re.MULTILINE)  # mount point, file system
ESCAPED = re.compile(r"\\([0-7]{3})")  # a space, a tab, a newline or a backslash in a path
NETWORK = frozenset(
    {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.s3fs", "fuse.sshfs", "gfs2", "glusterfs"}
    | {"lustre", "nfs", "nfs4", "ocfs2", "smb3", "smbfs", "virtiofs"}
)


def holds(path: Path, mounts: Path = MOUNTS) -> bool:
    """Whether a path is on a network file system, as far as the system tells."""
    try:
        table = files.read(mounts).decode(errors="surrogateescape")
    except OSError:
        return False
    place = Path(os.path.realpath(path))
    kind, longest = "", -1
    for escaped, file_system in MOUNT.findall(table):
        point = Path(ESCAPED.sub(lambda match: chr(int(match[1], 8)), escaped))
        if place.is_relative_to(point) and len(point.parts) >= longest:  # a later one lies over it
            kind, longest = file_system, len(point.parts)
    return kind in NETWORK
