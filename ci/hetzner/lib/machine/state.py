"""Counts what is on this machine, so that two looks show what a run has left. Decides nothing.

Other programs change these amounts as well. A look takes milliseconds; what a system does not tell,
or takes too long to count, is left out. Sources: proc(5), statvfs(3).
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from pathlib import Path

from lib.common import disk

PATIENCE = 0.005  # seconds for the bytes below one directory
PROC = Path("/proc")
# what the kernel counts itself: the file, the number in it, and its unit. No table of sockets is
# read: that takes milliseconds, however few there are
KERNEL_COUNTS = {
    "descriptors": ("sys/fs/file-nr", re.compile(r"^(\d+)"), 1),
    "sockets": ("net/sockstat", re.compile(r"^sockets: used (\d+)"), 1),
    "memory_available_bytes": ("meminfo", re.compile(r"^MemAvailable: +(\d+) kB", re.M), 1024),
}
SHARED = {"tmp": "/tmp", "shm": "/dev/shm"}


def measure(directory: Path, patience: float = PATIENCE, proc: Path = PROC) -> dict[str, int]:
    """Return amounts by name; those in bytes end with `_bytes`. Never raises OSError.

    `directory` is on the disk to be asked, `patience` are the seconds for each walk.
    """
    found: dict[str, int] = {}
    with contextlib.suppress(OSError):
        found["processes"] = sum(map(str.isdigit, os.listdir(proc)))  # noqa: PTH208 - names
    for name, (file, number, unit) in KERNEL_COUNTS.items():
        with contextlib.suppress(OSError):
            if counted := number.search((proc / file).read_text()):
                found[name] = int(counted[1]) * unit
    for name, place in SHARED.items():
        with contextlib.suppress(OSError):
            found[f"{name}_entries"] = len(os.listdir(place))  # noqa: PTH208
            if (held := _bytes_below(place, time.monotonic() + patience)) is not None:
                found[f"{name}_bytes"] = held
    with contextlib.suppress(OSError):
        found["disk_free_bytes"] = disk.free(Path(directory))
    return found


def _bytes_below(directory: str, end: float) -> int | None:
    """Return the bytes on disk of all files below a directory; None if that takes too long.

    Other file systems below it are left out, and what may not be read.
    """
    total, queue = 0, [directory]
    device = os.lstat(directory).st_dev
    for place in queue:  # grows during the loop
        with contextlib.suppress(OSError), os.scandir(place) as entries:
            for entry in entries:
                if time.monotonic() > end:
                    return None
                with contextlib.suppress(OSError):
                    status = entry.stat(follow_symlinks=False)
                    if status.st_dev == device:
                        total += status.st_blocks * 512
                        if entry.is_dir(follow_symlinks=False):
                            queue.append(entry.path)
    return total
