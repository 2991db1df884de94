"""The room on the disk of a directory, without the part that is kept for root."""

from __future__ import annotations

import os
from pathlib import Path

from lib.common.plain_text import size


def free(directory: Path) -> int:
    """Return the bytes that are free for this user. Raises OSError."""
    found = os.statvfs(directory)
    return found.f_bavail * found.f_frsize


def shortage(directory: Path, least: int) -> str:
    """Return a sentence if fewer than `least` bytes are free for a run, else ''. Raises OSError."""
    found = free(directory)
    if found >= least:
        return ""
    return (
        f"expected {size(least)} free on the disk of {directory}, found {size(found)}: remove "
        "something (`pipeline.py gc` removes what the runner no longer uses), or lower "
        "CI_FREE_BYTES"
    )
