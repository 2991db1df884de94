"""The plain view of a program: it also tells what runs, every now and then, and what is slow."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TextIO

from lib.model.events import Event, Started
from lib.report.view import Section, ShownRun
from lib.terminal.plain_view import PlainView
from lib.terminal.status_lines import StatusLines
from lib.terminal.ticker import Ticker


class HeartbeatView(PlainView):
    """Shows lines of its own between those of the log, from a thread."""

    shows_path = True

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._lock = threading.RLock()  # of all below, and of the console
        self._status: StatusLines | None = None
        self._ticker: Ticker | None = None
        self._due = 0.0  # the time of the next line, on the run's clock
        self._now: Callable[[], float] = time.monotonic
        self._log_dir = Path()

    def begin(self, run: ShownRun) -> None:
        """Begin to tell what runs."""
        self._now = run.now
        self._log_dir = run.log_dir
        self._status = StatusLines(run.plan.durations, run.now(), self._silence)
        self._ticker = Ticker(self._tick)

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of the log. Raises the error of the thread."""
        if self._ticker and self._ticker.error:
            raise self._ticker.error
        with self._lock:
            if event and self._status:
                self._status.take(event)
                if isinstance(event, Started) and self._status.slow_at(event.job) < self._due:
                    self._due = 0.0  # once: the next tick finds it
                    if self._ticker:
                        self._ticker.wake()
            super().show(lines, event)

    def _tick(self) -> float:
        """Show the lines that are due; return the seconds until the next one."""
        with self._lock:
            if self._status is None:
                return 0.0
            now = self._now()
            stamp = time.strftime("[%H:%M:%S]")
            for text in self._status.lines(now):
                self._console.show(f"{stamp} {text}")
            self._due = self._status.due()
            return self._due - now

    def _silence(self, job: str) -> float:
        """Return the seconds since a job has written to its log, 0 if that is not known."""
        try:
            return time.time() - (self._log_dir / f"{job}.log").lstat().st_mtime
        except OSError:
            return 0.0

    def end(self, sections: Sequence[Section]) -> str:
        """Show the sections."""
        self._stop()
        return super().end(sections)

    def close(self) -> None:
        """End the thread."""
        self._stop()
        super().close()

    def _stop(self) -> None:
        if self._ticker:
            self._ticker.stop()
            self._ticker = None
