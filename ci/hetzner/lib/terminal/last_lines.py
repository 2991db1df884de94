"""The last lines of logs that grow, safe to show; a log is read again if it has changed only."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.common import files
from lib.common.redact import LONGEST_SECRET, masked_end
from lib.report.seen_lines import as_seen

BYTES = 200  # of a log that are read for each line


class LastLines:
    """The last lines of the logs in a directory, masked by `redact`. Reading raises nothing."""

    def __init__(self, log_dir: Path, redact: Callable[[str], str]) -> None:
        self._log_dir = log_dir
        self._redact = redact
        self._known: dict[str, tuple[object, Sequence[str]]] = {}
        self._changed: dict[str, float] = {}  # seconds since the epoch

    def of(self, job: str, count: int) -> Sequence[str]:
        """Return the last lines of a job's log: about `count`, none if it cannot be read."""
        log = self._log_dir / f"{job}.log"
        try:
            found = log.lstat()
            state = (found.st_ino, found.st_size, found.st_mtime_ns, count)
            if job not in self._known or self._known[job][0] != state:
                self._known[job] = state, self._read(log, max(2000, count * BYTES))[-count:]
        except OSError:
            return ()
        self._changed[job] = found.st_mtime
        return self._known[job][1]

    def silence(self, job: str) -> float:
        """Return the seconds from the last change of a log, at the last look, until now."""
        return max(0.0, time.time() - self._changed[job]) if job in self._changed else 0.0

    def forget(self, job: str) -> None:
        """Keep nothing of a job that has ended."""
        self._known.pop(job, None)
        self._changed.pop(job, None)

    def _read(self, log: Path, size: int) -> list[str]:
        """Return the lines at the end of a log that say something. Raises OSError."""
        with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
            before = max(0, os.fstat(file.fileno()).st_size - size - LONGEST_SECRET)
            file.seek(before)
            text = file.read(size + LONGEST_SECRET).decode(errors="replace")
        text = masked_end(text, self._redact) if before else self._redact(text)
        seen = self._redact("\n".join(as_seen(text)))
        return [line.strip() for line in seen.split("\n") if line.strip()]
