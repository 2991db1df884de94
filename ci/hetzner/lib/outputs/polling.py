"""The watch of systems without inotify: reads paths at intervals, and trusts two equal looks.

Intervals are short after a change and grow without one; looks never take more than a tenth of the
time.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Hashable
from pathlib import Path
from typing import Any

from lib.outputs import written

SHORTEST, LONGEST, GROWTH = 0.015, 0.25, 1.2  # seconds between looks, and their ratio
SHARE = 0.1  # of the time


class PollWatch:
    """A path is complete when it exists, was the same at the look before, and is settled.

    It is settled when no process has it open for writing, on systems that show this.
    """

    def __init__(
        self,
        is_settled: Callable[[Path], bool] = Path.exists,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._is_settled = is_settled
        self._clock = clock
        self._paths: dict[Hashable, Path] = {}
        self._last: dict[Hashable, written.Signature | None] = {}
        self._reported: dict[Hashable, written.Signature | None] = {}
        self._gap = SHORTEST
        self._due = 0.0

    def add(self, token: Hashable, path: Path) -> None:
        """Watch this path from now on; adding it again changes nothing."""
        if self._paths.get(token) == path:
            return
        self._paths[token] = path
        self._last[token] = None
        self._gap = SHORTEST
        self._due = self._clock() + self._gap

    def remove(self, token: Hashable) -> None:
        """Watch it no more."""
        for mapping in (self._paths, self._last, self._reported):
            mapping.pop(token, None)

    def fileno(self) -> int | None:
        """Return None: there is nothing to poll."""
        return None

    def interval(self) -> float:
        """Return the seconds until the next look; infinite without a path."""
        return max(0.0, self._due - self._clock()) if self._paths else math.inf

    def read(self) -> list[Any]:
        """Look if a look is due; return new complete paths.

        Calls in between return nothing: two looks at almost the same time would always agree.
        """
        began = self._clock()
        if began < self._due:
            return []
        complete = []
        self._gap = min(LONGEST, self._gap * GROWTH)
        for token, path in self._paths.items():
            now = written.signature(path)
            if now != self._last[token]:
                self._gap = SHORTEST
            elif now is not None and self._reported.get(token) != now and self._is_settled(path):
                self._reported[token] = now
                complete.append(token)
            self._last[token] = now
        end = self._clock()
        self._due = end + max(self._gap, (end - began) / SHARE)
        return complete

    def close(self) -> None:
        """Forget everything."""
        for token in list(self._paths):
            self.remove(token)
