"""The plain view that also shows the output of the jobs, each line after the name of its job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from lib.model.events import AttemptEnded, Event, Finished, Started
from lib.report.view import ShownRun
from lib.terminal.heartbeat_view import HeartbeatView
from lib.terminal.job_output import JobOutput

PAUSE = 0.1  # seconds between two looks at the logs
WIDEST = 24  # characters of the column of names


class VerboseView(HeartbeatView):
    """Follows the logs of the jobs that run."""

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._output: JobOutput | None = None
        self._running: dict[str, None] = {}  # in order of start
        self._width = 0

    def begin(self, run: ShownRun) -> None:
        """Begin to follow logs."""
        names = {node.job.name for node in run.plan.phases.nodes}
        self._width = min(WIDEST, max(map(len, names), default=0))
        self._output = JobOutput(run.log_dir, run.redact, names)
        super().begin(run)

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of the log, the last output of an attempt before its end."""
        with self._lock:
            match event:
                case Started():
                    self._running[event.job] = None
                case AttemptEnded() | Finished() if self._output and event.job in self._running:
                    del self._running[event.job]
                    self._put(event.job, self._output.finish(event.job))
            super().show(lines, event)

    def _tick(self) -> float:
        """Show what has come; return the seconds until the next look."""
        with self._lock:
            if self._output:
                for job in self._running:
                    self._put(job, self._output.more(job))
            return min(PAUSE, super()._tick())

    def _put(self, job: str, lines: Sequence[str]) -> None:
        if lines:
            text = "\n".join(f"{job:<{self._width}} | {line}" for line in lines)
            self._console.show(text)

    def _stop(self) -> None:
        super()._stop()
        with self._lock:
            if self._output:
                self._output.close()
                self._output = None
