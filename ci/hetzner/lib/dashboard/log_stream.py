"""A log as server-sent events while it grows, over all attempts, until its job has ended.

The id of an event is `<attempt>:<bytes>`, the place after it. A client that comes back with it as
Last-Event-ID goes on there.

| event | data |
|---|---|
| (message) | text that is new, with its line ends |
| `attempt` | the number of the attempt whose log follows |
| `left-out` | how many bytes were cut out of the middle of the log so far |
| `end` | how the job, or for `ci` the run, has ended |
"""

from __future__ import annotations

import os
import re
import time
from collections.abc import Iterator

from lib.dashboard import server_events
from lib.dashboard.server_events import LogText
from lib.model.job_fields import RUN_LOG
from lib.report.growing_log import GrowingLog
from lib.run_directories import attempt_logs, run_contents
from lib.run_directories.stored_run import CUT_OFF, StoredRun

PAUSE = 0.25  # seconds between two looks
PLACE = re.compile(r"([1-9]\d{0,8}):(\d{1,15})")
DIRECTORY = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC


def events(run: StoredRun, job: str, since: str = "") -> Iterator[bytes]:
    """Yield the events after the place `since`, b"" at each look that finds nothing new."""
    found = PLACE.fullmatch(since)
    attempt, place = (int(found[1]), int(found[2])) if found else (1, 0)
    try:
        directory = os.open(run.path, DIRECTORY)
        try:
            yield from _Follower(run, job, directory).events(attempt, place)
        finally:
            os.close(directory)
    except OSError:  # the run was removed, or a job has put something else in the log's place
        yield server_events.event("its log cannot be read", name="end")


class _Follower:
    """Follows the log of one job in the open directory of its run."""

    def __init__(self, run: StoredRun, job: str, directory: int) -> None:
        self._run = run
        self._job = job
        self._directory = directory
        self._told = -1  # bytes of ci.log when it was last read
        self._over = False
        self._ending = ""

    def events(self, attempt: int, place: int) -> Iterator[bytes]:
        while True:
            yield from self._attempt(attempt, place)
            if attempt >= len(self._logs()):
                yield server_events.event(self._ending, name="end")
                return
            attempt, place = attempt + 1, 0
            yield server_events.event(str(attempt), name="attempt", place=f"{attempt}:0")

    def _attempt(self, attempt: int, place: int) -> Iterator[bytes]:
        """Yield the log of an attempt until another follows, or the job has ended."""
        log, text, left_out = None, LogText(), 0
        try:
            while True:
                ended = self._has_ended()  # first: what came before the end is read below
                logs = self._logs()
                if log is None and attempt <= len(logs):
                    log = self._opened(logs, attempt, place)
                if log is not None:
                    for piece in log.more():
                        if shown := text.more(piece):
                            place = log.place - text.pending
                            yield server_events.event(shown, place=f"{attempt}:{place}")
                    if log.left_out > left_out:
                        left_out = log.left_out
                        yield server_events.event(str(left_out), name="left-out")
                if ended or attempt < len(logs):
                    if rest := text.more(b"", last=True):
                        place = log.place if log else 0
                        yield server_events.event(rest, place=f"{attempt}:{place}")
                    return
                yield b""
                time.sleep(PAUSE)
        finally:
            if log is not None:
                log.close()

    def _logs(self) -> list[str]:
        with os.scandir(self._directory) as entries:
            return attempt_logs.ordered([entry.name for entry in entries], self._job)

    def _opened(self, logs: list[str], attempt: int, place: int) -> GrowingLog | None:
        """Open the log of an attempt; None if a next attempt renames it just now."""
        log = GrowingLog(logs[attempt - 1], place, dir_fd=self._directory)
        if self._logs() == logs:
            return log
        log.close()
        return None

    def _has_ended(self) -> bool:
        """Whether the job runs no more in this run."""
        over = self._is_over()
        if self._run.live:
            return over and self._job != RUN_LOG
        if self._job == RUN_LOG:  # the summary that was read before may be that of the start
            self._ending = StoredRun(self._run.path, self._run.key, self._run.largest).state
        elif not over:
            self._ending = CUT_OFF
        return True

    def _is_over(self) -> bool:
        """Whether the job has ended by ci.log, which is read again when it has grown."""
        try:
            size = os.stat("ci.log", dir_fd=self._directory, follow_symlinks=False).st_size
        except OSError:
            return False
        if size != self._told:
            self._told = size
            ended = run_contents.ended(self._run, self._job)
            self._over = ended is not None
            self._ending = ended.outcome if ended else ""
        return self._over
