"""Reads the output of the jobs that run from their logs, as it comes."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import NamedTuple

from lib.common.plain_text import size
from lib.report.growing_log import GrowingLog
from lib.terminal.job_lines import JobLines

AT_ONCE = 1024 * 1024  # bytes of a job that are read in one look: nobody waits long for it


class _Attempt(NamedTuple):
    log: GrowingLog
    lines: JobLines


class JobOutput:
    """The new lines in the logs of a directory, masked by `redact`.

    The log that a job has there already is of an earlier run, and is not read. A log that cannot
    be read has no lines.
    """

    def __init__(self, log_dir: Path, redact: Callable[[str], str], jobs: Iterable[str]) -> None:
        self._log_dir = log_dir
        self._redact = redact
        self._read = {
            job: self._identity(job) for job in jobs
        }  # the logs that were read, or are old
        self._attempts: dict[str, _Attempt] = {}

    def more(self, job: str) -> list[str]:
        """Return the lines that a job has written since the last call."""
        lines: list[str] = []
        try:
            attempt = self._attempts.get(job) or self._open(job)
            if attempt is None or not attempt.log.has_changed:
                return lines
            left = AT_ONCE
            for piece in attempt.log.more():
                lines += attempt.lines.feed(piece)
                left -= len(piece)
                if left <= 0:
                    break
        except OSError:
            pass
        return lines

    def finish(self, job: str) -> list[str]:
        """Return the last lines of an attempt; a line tells of more that are only in its log."""
        lines = self.more(job)
        if attempt := self._attempts.pop(job, None):
            lines += attempt.lines.end()
            if unread := attempt.log.unread:
                lines.append(f"({size(unread)} more are in its log)")
            self._read[job] = self._identity(job)
            attempt.log.close()
        return lines

    def close(self) -> None:
        """Close all logs."""
        for attempt in self._attempts.values():
            attempt.log.close()
        self._attempts.clear()

    def _open(self, job: str) -> _Attempt | None:
        """Open the log of a new attempt, if it is there. Raises OSError."""
        found = self._identity(job)
        if found is None or found == self._read.get(job):
            return None
        self._attempts[job] = _Attempt(GrowingLog(self._path(job)), JobLines(self._redact))
        return self._attempts[job]

    def _identity(self, job: str) -> tuple[int, int] | None:
        try:
            found = self._path(job).lstat()
        except OSError:
            return None
        return found.st_dev, found.st_ino

    def _path(self, job: str) -> Path:
        return self._log_dir / f"{job}.log"
