"""Yields the log of a job as it grows, over all of its attempts, until the job has ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from lib.common import interrupts
from lib.model.job_fields import RUN_LOG
from lib.report.growing_log import GrowingLog
from lib.run_directories import attempt_logs, run_contents
from lib.run_directories.stored_run import StoredRun

PAUSE = 0.1  # seconds between two looks


class LogFollower:
    """The log of one job of a run.

    `attempt` is the number of the one log that is wanted; None: the latest, and those that follow
    it. `remark` is called with a sentence when another log begins.
    """

    def __init__(
        self, run: StoredRun, job: str, attempt: int | None, remark: Callable[[str], None]
    ) -> None:
        self._run = run
        self._job = job
        self._only = attempt is not None
        self._index = None if attempt is None else attempt - 1  # of the log among the job's
        self._remark = remark
        self._log: GrowingLog | None = None
        self._left_out = 0  # of earlier logs
        self.found = 0  # logs of this job

    @property
    def left_out(self) -> int:
        """The bytes of the gaps in what was yielded."""
        return self._left_out + (self._log.left_out if self._log else 0)

    def pieces(self, *, follow: bool) -> Iterator[bytes]:
        """Yield its bytes: those that are there or, with `follow`, until the job has ended.

        Raises OSError, and Interrupted while it waits.
        """
        waiting = False
        while True:
            over = not follow or self._has_ended()  # first: what came before the end is read below
            logs = attempt_logs.paths(self._run.path, self._job)
            self.found = len(logs)
            if self._index is None:
                self._index = max(0, len(logs) - 1)
            if self._index < len(logs):
                if self._log is None:
                    opened = GrowingLog(logs[self._index])
                    if not opened.is_at(logs[self._index]):  # a later attempt has renamed it
                        opened.close()
                        continue
                    self._log = opened
                yield from self._log.more()
                if follow and self._index + 1 < len(logs):
                    if self._only:
                        return
                    self._turn_to(self._index + 1)
                    continue
            if over:
                return
            if not logs and not waiting:
                waiting = True
                self._remark(f"--- {self._job} has not started yet")
            interrupts.sleep(PAUSE)

    def _turn_to(self, index: int) -> None:
        self._left_out = self.left_out
        self.close()
        self._index = index
        self._remark(f"--- {self._job}: log {index + 1} of its attempts")

    def close(self) -> None:
        """Close the open log."""
        if self._log:
            self._log.close()
            self._log = None

    def _has_ended(self) -> bool:
        """Whether the job runs no more in this run."""
        if not self._run.live:
            return True
        return self._job != RUN_LOG and run_contents.ended(self._run, self._job) is not None
