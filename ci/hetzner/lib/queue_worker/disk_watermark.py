"""Keeps runs from starting on a disk that would be full halfway."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

from lib.common import disk

AGAIN = 30.0  # seconds from a look that found too little room to the next


class DiskWatermark:
    """Whether the disk of a directory has `least` bytes free for this user."""

    def __init__(self, directory: Path, least: int, now: Callable[[], float]) -> None:
        self._directory = directory
        self._least = least
        self._now = now
        self._told = ""
        self._again = -math.inf

    def obstacle(self) -> str:
        """Return why nothing is to start, '' if something may."""
        if self._told and self._now() < self._again:
            return self._told
        self._told = self._found()
        self._again = self._now() + AGAIN
        return self._told

    def _found(self) -> str:
        try:
            return disk.shortage(self._directory, self._least)
        except OSError as error:
            return f"the disk of {self._directory} cannot be asked: {error.strerror}"
