"""One execution of a pipeline: puts scheduler, executor and reports together, and ends them well.

However a run ends (the end of its jobs, a signal, its time limit, a bug in the runner), every tree
is stopped, the reports are written, and signals and orphans are given back to their owners.
`lib/model/verdict.py` decides on the verdict: a run only adds facts.
"""

from __future__ import annotations

import contextlib
import os
import threading
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from lib.common.clock import MonotonicClock
from lib.common.locks import Held
from lib.common.plain_text import complaint
from lib.common.signal_names import name_of
from lib.machine import load as machine_load
from lib.model import events
from lib.model.result import Result
from lib.model.run_facts import Facts
from lib.model.run_plan import RunPlan
from lib.processes import process_table
from lib.processes.executor import ProcessExecutor
from lib.processes.launch import Place
from lib.report.run_log import RunLog
from lib.report.run_reports import ReportOptions, RunReports
from lib.report.view import ShownRun
from lib.run import beside_others, controls, preflight
from lib.run.job_files import JobFiles
from lib.run.measures import Measures
from lib.run_directories import log_directory
from lib.run_directories.log_directory import OwnedDirectory
from lib.scheduler.loop import Scheduler
from lib.scheduler.protocol import MachineShare

if TYPE_CHECKING:
    from lib.run.expected_end import ExpectedEnd
    from lib.run.records import Records

_goes_on = threading.Lock()  # held by the one run of this process


class Run:
    """Made for one execution; `results` is filled in while it goes on, `facts` when it ends."""

    def __init__(
        self,
        plan: RunPlan,
        place: Place,
        options: ReportOptions,
        pytest_workers: int,
        store: Path | None = None,
        store_limits: Sequence[float] = (),
    ) -> None:
        """Check what can be checked before the start. Raises ValueError.

        In a `store` the run makes its own directory of logs, in place of that of `place`. At its
        end it removes old runs beyond `store_limits`: days, runs and bytes.
        """
        self._plan = preflight.check(plan, place, options.leave_out)
        self._place = place
        self._options = options
        self._workers = pytest_workers
        self._store = store
        self._store_limits = store_limits
        self._kept = store is not None or options.run_log is not None  # in a directory of its own
        self._measures = Measures(kept=self._kept)
        self.files = JobFiles()
        self._expected_end: ExpectedEnd | None = None
        self._clock = MonotonicClock()
        self.page = ""  # its address, once there is one
        self.results: dict[str, Result] = {}
        self.facts = Facts(results=self.results, error="the runner broke")

    @property
    def logs(self) -> Path:
        """The directory of its logs; in a store it is known once the run has begun."""
        return self._place.log_dir

    def execute(self) -> int:
        """Run to the end and return the exit code. An error of the runner itself is passed on.

        A signal that comes during the last steps counts as well: the code is 128+n then. Raises
        RuntimeError while another run goes on in this process: both would take its orphans, and the
        children of the other, for their own. Raises DirectoryInUseError while another process's run
        has the directory of the logs. A refused run leaves the logs as they are.
        """
        if not _goes_on.acquire(blocking=False):
            raise RuntimeError(
                "another run goes on in this process, and there can be one at a time: wait for its "
                "end, or use a process for each"
            )
        try:
            with self._own_logs() as logs:
                self._place = self._place._replace(log_dir=logs.path)
                return self._execute(logs)
        finally:
            _goes_on.release()

    def _own_logs(self) -> contextlib.AbstractContextManager[OwnedDirectory]:
        if self._options.run_log is not None:  # its caller owns the directory
            return contextlib.nullcontext(OwnedDirectory(self._place.log_dir, None))
        label = log_directory.command(self._options.redact)
        if self._store is not None:
            return self._new_directory(self._store, label)
        return log_directory.owned(self._place.log_dir, label)

    @contextlib.contextmanager
    def _new_directory(self, store: Path, label: str) -> Iterator[OwnedDirectory]:
        """Make the directory of this run in a store, and own it. Raises OSError."""
        from lib.run_directories.run_store import RunStore  # late: only runs in a store need it

        options = self._options
        with RunStore(store).begin(str(options.header["sha"]), label) as logs:
            if options.log_url:
                url = f"{options.log_url.rstrip('/')}/{logs.path.name}"
                self._options = options._replace(log_url=url)
            yield logs

    def _publish(self, run: Path) -> None:
        """Let the link of the commit lead to this run, if it speaks for the commit."""
        if self._store is None:
            return
        from lib.run_directories.run_store import RunStore

        told = self._options.header
        whole = bool(told["asked_for_all"] and not told["dirty"] and not told["in_place"])
        RunStore(self._store).publish(run, str(told["sha"]), whole=whole)

    def _execute(self, logs: OwnedDirectory) -> int:
        run_id = process_table.run_id(process_table.table(), os.getpid())
        jobs = [node.job for node in self._plan.phases.nodes]
        keepers = self.files.begin(self._plan.phases, self._place)
        records = self._new_records()
        listeners = (*self._options.listeners, *keepers, *(records.listeners() if records else ()))
        options = self._options._replace(listeners=listeners)
        reports = RunReports(logs.path, options, run_id)
        if self._plan.durations:
            from lib.run.expected_end import ExpectedEnd  # late: many runs know none

            self._expected_end = ExpectedEnd(self._plan, self._clock.now)
            reports.bus.add(self._expected_end)
        try:
            if logs.lock is None and self._options.run_log is None:
                reports.log.line(f"NOTE  {log_directory.UNLOCKED}")
            reports.begin(jobs)
            self._publish(logs.path)
            place = self._place
            with beside_others.registered(
                self._plan, place.log_dir, self._store, place.redact, reports, self._expected_end
            ) as share:
                self._run_jobs(reports, logs.lock, share)
            verdict = reports.end(self.facts)
            code = verdict.exit_code
            if self._options.run_log is None:
                now, seconds = self._clock.now(), self.facts.seconds
                told = events.RunConcluded(now, seconds, verdict.exit_code, verdict.sentence)
                reports.bus.emit(told)
                for note in self.files.finish():
                    reports.log.line(f"NOTE  {note}")
            if records:
                records.finish({"run": run_id, "exit_code": code}, self.facts, reports.log)
                self.page = reports.log.page
            return code
        finally:
            if self._options.run_log is None:
                self.files.finish()  # of a run that broke
            reports.close()
            if records:
                records.close()

    def _new_records(self) -> Records | None:
        """Return the records of a run in a store."""
        if self._store is None:
            return None
        from lib.run.records import Records
        from lib.run_directories.retention import Limits  # late: only runs in a store need these

        limits, told = Limits(*self._store_limits), self._options.header
        return Records(self._store, limits, self._place, self._plan, told, self._workers)

    def _run_jobs(self, reports: RunReports, lock: Held | None, share: MachineShare | None) -> None:
        try:
            executor = ProcessExecutor(
                self._place,
                self._clock,
                pytest_workers=self._workers,
                suspended=reports.log.view.suspended,
            )
        except BaseException:
            reports.end_before_jobs(self.facts)
            raise
        try:
            with self._measures.sampling(self._place, self._clock, executor, reports.log.line):
                self._schedule(executor, reports, lock, share)
        finally:
            executor.close()
        self._add_signals(executor.signals())

    def _schedule(
        self,
        executor: ProcessExecutor,
        reports: RunReports,
        lock: Held | None,
        share: MachineShare | None,
    ) -> None:
        scheduler = Scheduler(
            self._plan,
            executor,
            self._clock,
            reports.bus.emit,
            machine_load.load,
            share,
            self.files.retry_waits,
        )
        self.results.update(scheduler.results)
        reports.declare(self._plan, self._clock.now(), kept=self._kept)
        before = self._measures.machine_state(self._place)
        reports.log.view.begin(self._shown(executor))
        try:
            scheduler.run()
            self.facts = scheduler.facts()
        except BaseException as error:
            reports.log.line(f"BUG   the runner broke: {complaint(error)}")
            executor.abort()
            scheduler.abandon(f"the runner broke: {type(error).__name__}")
            self.facts = scheduler.facts()
            raise
        finally:
            self._add_leftovers(executor, reports.log, lock)
            self.files.name_failed_tests(self.results.values(), reports.log.line)
            reports.add_left(before, self._measures.machine_state(self._place), self._clock.now())
            logged = executor.logs.left_out()
            reports.show_results(self.facts, logged, self.files.testcases)

    def _shown(self, executor: ProcessExecutor) -> ShownRun:
        """Return what a view of this run may know, and do."""
        end = self._expected_end
        return ShownRun(
            self._place.log_dir,
            self._plan,
            self._clock.now,
            self._place.redact,
            controls.of(executor),
            end.look if end else lambda: None,
        )

    def _add_leftovers(self, executor: ProcessExecutor, log: RunLog, lock: Held | None) -> None:
        """Add the facts that are known once no job runs any more."""
        try:
            ended, survivors = executor.end_unowned()
        except OSError as error:
            ended, survivors = [], [f"processes that cannot be read: {error}"]
        if ended:
            log.line(f"LEAK  of no job in particular, stopped: {'; '.join(ended)}")
        if survivors:
            log.line(f"LEAK  could not be stopped: {'; '.join(survivors)}")
        removed = [str(lock.path)] if lock is not None and lock.lost else []
        for path in removed:
            text = "was removed during the run, so another run may have used the same directory"
            log.line(f"NOTE  the lock {path} {text}")
        for text in executor.logs.settle():
            log.line(f"NOTE  {text}")
        if late := executor.signals():
            log.line(f"INTERRUPTED by {name_of(late[0])}, all jobs had ended")
            self._add_signals(late)
        self.facts = self.facts._replace(
            survivors=bool(survivors), removed_locks=removed, seconds=self._clock.now()
        )

    def _add_signals(self, numbers: tuple[int, ...]) -> None:
        if numbers and self.facts.signal is None:
            self.facts = self.facts._replace(signal=numbers[0])
