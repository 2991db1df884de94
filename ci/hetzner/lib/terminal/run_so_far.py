"""The run that the live view shows: follows its events, and reads the logs of its jobs."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from lib.model.events import Event, Finished, Ready, Started
from lib.model.result import Outcome
from lib.report.view import ShownRun
from lib.terminal import all_jobs, frame
from lib.terminal.frame import Picture
from lib.terminal.keys import Mode
from lib.terminal.last_lines import LastLines
from lib.terminal.plain_view import with_duration
from lib.terminal.progress import Progress

MOST = 20  # failures whose end of log is shown at once; after many the first ones are read


class RunSoFar:
    """All that is known of a run at a moment. Used by one thread."""

    def __init__(self, run: ShownRun) -> None:
        jobs = [node.job for node in run.plan.phases.nodes]
        needs = {job.name: job.depends_on for job in jobs}
        last = {job.name for job in jobs if job.at_the_end}
        self._run = run
        self._progress = Progress(needs, run.plan.durations, last)
        self._logs = LastLines(run.log_dir, run.redact)
        self._failures = 0  # that have a log
        self.shown: set[str] = set()  # the jobs whose end of log has been shown

    @property
    def now(self) -> float:
        """The seconds of the run."""
        return self._run.now()

    @property
    def running(self) -> list[str]:
        """The jobs that run, in order of their start."""
        return list(self._progress.running)

    @property
    def jobs(self) -> int:
        """The number of jobs."""
        return len(self._progress.names)

    def follow(self, lines: Sequence[str], event: Event | None) -> Iterator[str]:
        """Take note of an event; yield its lines and, after a failure, the end of the log.

        A job that starts or serves has no line: it is seen among those that run.
        """
        if event is None:
            yield from lines
            return
        self._progress(event)
        if isinstance(event, Started):
            self.shown.discard(event.job)
        if not isinstance(event, Finished):
            yield from () if isinstance(event, Started | Ready) else lines
        else:
            yield from with_duration(lines, event) if lines else ()
            yield from self._end_of_log(event)

    def _end_of_log(self, event: Finished) -> Iterator[str]:
        """Yield the end of the log of a job if it has failed."""
        self._logs.forget(event.job)
        if event.outcome not in (Outcome.FAILED, Outcome.TIMED_OUT) or not event.result.begun:
            return
        self._failures += 1
        if self._failures <= MOST:
            from lib.report import log_tail  # late: only failures need it

            self.shown.add(event.job)
            log = self._run.log_dir / f"{event.job}.log"
            yield from (f"    {line}" for line in log_tail.shown(log, self._run.redact))
        elif self._failures == MOST + 1:
            yield "    (the ends of further logs are shown when the run has ended)"

    def picture(self, mode: Mode, rows: int, *, keys: bool) -> Picture:
        """Return what is to be seen now."""
        progress, now = self._progress, self._run.now()
        running = list(progress.running.values())
        said = {job.name: self._logs.of(job.name, 1) for job in frame.visible(running, mode, rows)}
        if mode.kind == "log":
            said[mode.job] = self._logs.of(mode.job, rows)
        end = self._run.expected_end()
        return Picture(
            now=now,
            total=len(progress.names),
            running=running,
            done=len(progress.ended),
            failed=progress.failed,
            cancelled=progress.cancelled,
            skipped=progress.skipped,
            left=None if end is None else end - now,
            said=said,
            silent={job: self._logs.silence(job) for job in said},
            mode=mode,
            rows=all_jobs.rows(progress, now) if mode.kind == "all" else (),
            note="being cut off" if progress.cut_off else "",
            keys=keys,
        )
