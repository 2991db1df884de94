"""Keeps the logs of jobs within their bound: cuts the middle out of those that exceed it.

The processes of a job write to its log themselves, so it is too long before the runner knows.
While they run, the middle is given back to the file system about once a second, as a hole: they
notice nothing, and nothing is copied. When they have ended, the log is cut to head and tail. Where
there are no holes, a log of twice its bound is cut while it is written to; what comes in the moment
of the cut may be lost.
"""

from __future__ import annotations

import contextlib
import math
import os

from lib.common import files, holes, log_bytes
from lib.common.plain_text import size
from lib.model.job import Job
from lib.processes import log_cut
from lib.processes.job_logs import JobLogs

INTERVAL = 1.0  # seconds between two looks at the logs that are written to


class _Log:
    """The log of an attempt: the file at a path, as long as it is the one that was begun."""

    left_out = 0  # bytes
    looked_at = 0  # bytes that it had at the last look

    def __init__(self, path: str, status: os.stat_result, bound: int) -> None:
        self.path = path
        self.status = status
        self.bound = bound

    def size(self) -> int:
        """Return its bytes; 0 if another file is in its place."""
        with contextlib.suppress(OSError):
            found = os.lstat(self.path)
            if os.path.samestat(found, self.status):
                return found.st_size
        return 0

    def descriptor(self) -> int | None:
        """Return a descriptor to read and write it, None if another file is in its place."""
        with contextlib.suppress(OSError):
            handle = files.open_file(self.path, os.O_RDWR)
            if os.path.samestat(os.fstat(handle), self.status):
                return handle
            os.close(handle)
        return None

    def cut(self, handle: int) -> None:
        """Cut it to its bound. Raises OSError."""
        self.left_out += log_cut.cut(handle, self.bound, self.left_out)


class LogBound:
    """The bound of the logs of a run: `bound` bytes for all attempts of a job together."""

    def __init__(self, logs: JobLogs, bound: int) -> None:
        self._logs = logs
        self._bound = bound
        self._latest: dict[str, _Log] = {}  # by job
        self._written: set[str] = set()  # the jobs whose processes run
        self._ended: dict[_Log, int] = {}  # too long; with descriptors: the path may get another
        self._next = math.inf
        self._holes = True

    def follow(self, job: Job) -> None:
        """Keep the log of a job within its bound from now on."""
        log, status = self._latest.get(job.name), self._logs.status(job.name)
        if status is None:
            return
        if log is None or not os.path.samestat(log.status, status):
            bound = max(log_bytes.LEAST, self._bound // (job.retries + 1))
            log = self._latest[job.name] = _Log(self._logs.path(job.name), status, bound)
        if log in self._ended:  # a further step writes to it
            os.close(self._ended.pop(log))
        self._written.add(job.name)

    def leave(self, name: str) -> None:
        """Note that no process writes to the log of a job any more; `settle` cuts it."""
        self._written.discard(name)
        log = self._latest.get(name)
        if log and log.size() > log.bound and (handle := log.descriptor()) is not None:
            self._ended[log] = handle

    def due(self, now: float) -> float:
        """Return the moment of the next look, infinity while no log is written to."""
        if not self._written:
            self._next = math.inf
        elif self._next == math.inf:
            self._next = now + INTERVAL
        return self._next

    def look(self, now: float) -> None:
        """Give back the middle of the logs that are written to, if it is time for a look."""
        if now < self._next:
            return
        self._next = now + INTERVAL
        for log in map(self._latest.__getitem__, self._written):
            length = log.size()
            if length > log.bound and length != log.looked_at:
                log.looked_at = length
                self._relieve(log, length)

    def _relieve(self, log: _Log, length: int) -> None:
        handle = log.descriptor()
        if handle is None:
            return
        try:
            if self._holes:
                self._punch(handle, log.bound, length)
            if not self._holes and length > 2 * log.bound:
                log.cut(handle)
        except OSError:
            pass  # `settle` tells it
        finally:
            os.close(handle)

    def _punch(self, handle: int, bound: int, length: int) -> None:
        begin = log_cut.head(bound)
        try:
            holes.punch(handle, begin, begin + length - bound)
        except OSError:
            self._holes = False

    def settle(self) -> list[str]:
        """Cut the logs whose processes have ended; return a sentence on each.

        To be called when nobody waits for it, since it copies up to half of a bound.
        """
        told = []
        while self._ended:
            log, handle = self._ended.popitem()
            name = os.path.basename(log.path)  # noqa: PTH119 - it is text already
            try:
                log.cut(handle)
                told.append(
                    f"{name} was cut: {size(log.left_out)} of its middle are left out, "
                    f"since it is bound to {size(log.bound)}"
                )
            except OSError as error:
                told.append(f"{name} is too long and could not be cut: {error.strerror}")
            finally:
                os.close(handle)
        return told

    def left_out(self) -> dict[str, int]:
        """Return for each job whose log is of this run the bytes that are left out of it."""
        return {name: self._latest[name].left_out for name in self._logs.begun}
