"""The watch of systems without inotify: looks by itself, and trusts what two looks agree on."""

from __future__ import annotations

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from lib import outputs

INTERVAL = 0.015  # seconds: an output is told of after two looks


class PollWatch:
    """A path is complete when it exists and was the same at the look before."""

    def __init__(self) -> None:
        self._paths: dict[Hashable, Path] = {}
        self._last: dict[Hashable, outputs.Signature | None] = {}
        self._told: dict[Hashable, outputs.Signature | None] = {}

    def add(self, token: Hashable, path: Path) -> None:
        """Look at this path from now on."""
        self._paths[token] = path
        self._last[token] = None

    def remove(self, token: Hashable) -> None:
        """Look at it no more."""
        for mapping in (self._paths, self._last, self._told):
            mapping.pop(token, None)

    def fileno(self) -> int | None:
        """Return None: there is nothing to poll."""
        return None

    def interval(self) -> float:
        """Return the seconds between looks; infinite while there is nothing to look at."""
        return INTERVAL if self._paths else math.inf

    def read(self) -> list[Any]:
        """Look at every path; return those that are complete and were not told as they are."""
        complete = []
        for token, path in self._paths.items():
            now = outputs.signature(path)
            if now is not None and now == self._last[token] and self._told.get(token) != now:
                self._told[token] = now
                complete.append(token)
            self._last[token] = now
        return complete

    def close(self) -> None:
        """Forget everything."""
        self._paths.clear()
