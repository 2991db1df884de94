"""One execution of a pipeline: puts scheduler, executor and views together, and ends them well.

However a run ends (verdict, signal, timeout, a bug in the runner), every tree is stopped, the
reports are written, and what was taken over (signals, subreaper) is given back.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import NamedTuple, TextIO

from lib.common.clock import MonotonicClock
from lib.common.console import Console
from lib.common.files import Held
from lib.common.signal_names import name_of
from lib.model import events
from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.job import Job
from lib.model.result import Result
from lib.model.run_plan import DEFAULT_CWD, RunPlan
from lib.model.verdict import FAILED, also_failed
from lib.processes import pressure, process_table, programs, script_check
from lib.processes.executor import Place, ProcessExecutor
from lib.report import log_directory, summary, summary_file
from lib.report.run_log import RunLog, complaint
from lib.report.summary_file import SummaryFile
from lib.scheduler.loop import Scheduler

__all__ = ["Place", "ReportOptions", "Run"]

_goes_on = threading.Lock()  # held by the one run of this process


class ReportOptions(NamedTuple):
    """What the reports of a run tell, where they are shown, and who else listens."""

    facts: Mapping[str, object]  # of summary.json: what is tested, and what was asked for
    log_url: str
    redact: Callable[[str], str]
    console: TextIO | None
    rerun: Callable[[str], str] | None
    leave_out: Callable[[Sequence[str]], str]
    listeners: tuple[events.Listener, ...]
    run_log: RunLog | None


class Run:
    """Made for one execution; `results` is filled in while it goes on."""

    def __init__(
        self,
        plan: RunPlan,
        place: Place,
        report: ReportOptions,
        pytest_workers: int,
    ) -> None:
        if not place.cwd.is_dir():
            found = "something else" if place.cwd.exists() else "nothing"
            hint = by_default("cwd", str(place.cwd), DEFAULT_CWD)
            raise ValueError(f"cwd: expected a directory, found {found} at {place.cwd}{hint}")
        self._place = place
        self._report = report
        self._clock = MonotonicClock()
        self._workers = pytest_workers
        jobs = [node.job for node in plan.phases.nodes]
        lacking = programs.lacking(jobs, place.env, place.cwd)
        notes = [*plan.notes, *script_check.line_ends(jobs, place.cwd)]
        if lacking:
            notes.append(programs.told(lacking, report.leave_out))
        refused = _refused(jobs, place, lacking, report.leave_out)
        self._plan = plan._replace(refused=refused, notes=notes)
        run = {"run": process_table.run_id(process_table.table(), os.getpid())}
        self._summary = SummaryFile(place.log_dir, run | dict(report.facts), report.redact)
        self._scheduler: Scheduler | None = None
        self._held: Held | None = None  # the lock of the directory of the logs
        self.results: dict[str, Result] = {}

    def execute(self) -> int:
        """Run to the end and return the exit code. What the runner itself raises is passed on.

        A signal that comes during the last steps counts as well: the code is 128+n then. Raises
        RuntimeError while another run goes on in this process: both would take its orphans, and the
        children of the other, for their own. Raises DirectoryInUseError while another process's run
        has the directory of the logs. What is refused leaves the logs as they are.
        """
        if not _goes_on.acquire(blocking=False):
            raise RuntimeError(
                "another run goes on in this process, and there can be one at a time: wait for its "
                "end, or use a process for each"
            )
        try:
            with self._owned() as held:
                self._held = held
                self._open_log()
                return self._execute()
        finally:
            _goes_on.release()

    def _owned(self) -> contextlib.AbstractContextManager[Held | None]:
        if self._report.run_log is not None:  # whoever has begun it owns the directory
            return contextlib.nullcontext()
        return log_directory.owned(self._place.log_dir, log_directory.command(self._report.redact))

    def _open_log(self) -> None:
        place, report = self._place, self._report
        self._log = report.run_log or RunLog(
            place.log_dir, url=report.log_url, console=report.console, redact=report.redact
        )
        self._bus = events.Bus([self._log, *report.listeners], self._listener_broke)
        if self._held is None and report.run_log is None:
            self._log.line(f"NOTE  {log_directory.UNLOCKED}")
        jobs = {node.job.name: node.job for node in self._plan.phases.nodes}
        try:
            self._summary.begin([Result(j.name, allowed=j.allow_failure) for j in jobs.values()])
        except OSError as error:
            self._log.write_failed(self._summary.path, error)

    def _execute(self) -> int:
        try:
            executor = self._executor()
            try:
                code = self._drive(executor)
            finally:
                executor.close()
            late, told = executor.signals(), code  # by summary.json
            code = 128 + late[0] if late else (also_failed(code) if self._log.write_error else code)
            if self._report.run_log is None:  # whoever has given us a log writes its last line
                code = self._have_the_last_word(code)
        finally:
            if self._report.run_log is None:
                self._log.close()
            if self._report.console is not None:
                Console(self._report.console).settle()
        final = also_failed(code) if self._log.write_error else code
        if final != told and self._report.run_log is None:
            self._end_summary(final)
        return final

    def _executor(self) -> ProcessExecutor:
        try:
            return ProcessExecutor(
                self._place,
                self._clock,
                pytest_workers=self._workers,
                mask=self._report.redact,
            )
        except BaseException:
            self._end_summary(FAILED)
            raise

    def _end_summary(self, code: int) -> None:
        try:
            summary_file.end(self._summary.path, code)
        except OSError as error:
            self._log.write_failed(self._summary.path, error)

    def _drive(self, executor: ProcessExecutor) -> int:
        scheduler = Scheduler(self._plan, executor, self._clock, self._bus.emit, pressure.load)
        self.results.update(scheduler.results)
        code = FAILED
        try:
            code = scheduler.run()
        except BaseException as error:
            self._log.line(f"BUG   the runner broke: {complaint(error)}")
            executor.abort()
            scheduler.abandon(f"the runner broke: {type(error).__name__}")
            code = also_failed(scheduler.code())
            raise
        finally:
            code = self._finish(executor, code)
        return code

    def _finish(self, executor: ProcessExecutor, code: int) -> int:
        try:
            ended, survivors = executor.end_unowned()
        except OSError as error:
            ended, survivors = [], [f"what cannot be looked at: {error}"]
        if ended:
            self._log.line(f"LEAK  of no job in particular, stopped: {'; '.join(ended)}")
        if survivors:
            self._log.line(f"LEAK  could not be stopped: {'; '.join(survivors)}")
            code = also_failed(code)
        if self._held is not None and self._held.lost:
            told = "was removed during the run, so another run may have used the same directory"
            self._log.line(f"NOTE  the lock {self._held.path} {told}")
            code = also_failed(code)
        if late := executor.signals():
            self._log.line(f"INTERRUPTED by {name_of(late[0])}, all jobs had ended")
            code = 128 + late[0]
        return self._write_summary(executor, code)

    def _write_summary(self, executor: ProcessExecutor, code: int) -> int:
        """Write summary.json and show the table; a report that is lost makes a run red."""
        results = list(self.results.values())
        self._log.check()
        code = also_failed(code) if self._log.write_error else code
        # whoever writes the END line of the log says here, too, that the run has ended
        told = code if self._report.run_log is None else None
        try:
            self._summary.write(results, executor.logged, told, self._clock.now())
        except OSError as error:
            self._log.write_failed(self._summary.path, error)
            code = also_failed(code)
        self._show(results, executor.logged)
        return code

    def _show(self, results: list[Result], logged: Collection[str]) -> None:
        try:
            failed = summary.failures(
                results, self._place.log_dir, logged, self._report.rerun, self._report.redact
            )
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - `rerun` is the caller's
            failed = f"what failed cannot be shown: {complaint(error)}"
        text = "\n".join(part for part in (failed, summary.table(results)) if part)
        if self._report.console is None:
            return
        console = Console(self._report.console)
        if not console.show(self._report.redact(text)) and console.missed:
            self._log.line(f"NOTE  the summary could not be shown: {complaint(console.missed)}")

    def _have_the_last_word(self, code: int) -> int:
        """Tell the verdict in the last line of the log; return the code, 1 if that line is lost."""
        lost: str | None = None
        while lost != self._log.write_error:
            lost = self._log.write_error
            code = also_failed(code) if lost else code
            results = list(self.results.values())
            text = summary.describe(results, self._clock.now(), 0 if lost else code)
            if lost:
                text = f"{lost}; {text}"
            if code > 128:
                text = f"ended by {name_of(code - 128)}"
            self._log.line(f"END   exit code {code}: {text}")
            self._log.check()
        return code

    def _listener_broke(self, listener: events.Listener, error: BaseException) -> None:
        name = type(listener).__name__
        with contextlib.suppress(Exception):  # it is the caller's, and may have any attributes
            name = str(getattr(listener, "__name__", name))
        self._log.line(f"NOTE  the listener {name} broke: {complaint(error)}")


def _refused(
    jobs: Sequence[Job],
    place: Place,
    lacking: Mapping[str, Sequence[str]],
    leave_out: Callable[[Sequence[str]], str],
) -> dict[str, Why]:
    """Return the jobs that cannot run at all, and why: all that is to be known before the start."""
    found = {
        name: Why(
            f"requires {', '.join(missing)}, not found on PATH: install it, or leave the job out: "
            f"{leave_out([name])}",
            Cause.MISSING_PROGRAM,
        )
        for name, missing in lacking.items()
    }
    if bash := programs.find("bash", place.env, place.cwd):
        for name, text in script_check.syntax_errors(jobs, bash).items():
            more = [found[name].text] if name in found else []
            found[name] = Why("; ".join([*more, text]), Cause.SYNTAX)
    return found
