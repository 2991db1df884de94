"""The reports of one run of jobs: ci.log, summary.json, and the end on the console."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common.plain_text import complaint
from lib.model import declared_job, events
from lib.model.job import Job
from lib.model.result import Result
from lib.model.run_facts import Facts
from lib.model.run_plan import RunPlan
from lib.model.verdict import Verdict, decide
from lib.report import console_summary, verdict_writer
from lib.report.rerun_command import AskedOnce
from lib.report.run_log import RunLog
from lib.report.summary_json import SummaryFile
from lib.report.view import Section, Viewer


class ReportOptions(NamedTuple):
    """The options of a run's reports: their content, their view, and further listeners.

    `header` are the fields of summary.json on the tested tree and the selection. `run_log` is a log
    that the caller has begun and will end, with a view of its own: the caller writes its END line,
    and the exit code into summary.json.
    """

    header: Mapping[str, object]
    log_url: str
    redact: Callable[[str], str]
    viewer: Viewer
    rerun: Callable[[str], str] | None
    leave_out: Callable[[Sequence[str]], str]
    listeners: tuple[events.Listener, ...]
    run_log: RunLog | None


class RunReports:
    """Begins the reports of a run, and ends them."""

    def __init__(self, log_dir: Path, options: ReportOptions, run_id: str) -> None:
        self._log_dir = log_dir
        self._options = options
        self._own = options.run_log is None
        self._summary = SummaryFile(log_dir, {"run": run_id, **options.header}, options.redact)
        self._written: int | None = None  # the exit code in summary.json
        self.log = options.run_log or RunLog(
            log_dir, url=options.log_url, views=options.viewer(), redact=options.redact
        )
        self._seen: list[events.Event] = []  # if the view shows the critical path
        followers = [self._seen.append] if self.log.view.shows_path else []
        self._followed = bool(followers or options.listeners)  # by more than the log
        self.bus = events.Bus([self.log, *followers, *options.listeners], self._listener_broke)

    def begin(self, jobs: Sequence[Job]) -> None:
        """Write into summary.json that the run goes on."""
        allowed = {job.name: job.allow_failure for job in jobs}
        try:
            self._summary.begin([Result(name, allowed=may) for name, may in allowed.items()])
        except OSError as error:
            self.log.write_failed(self._summary.path, error)

    def declare(self, plan: RunPlan, now: float, *, kept: bool) -> None:
        """Tell the listeners beside the log which run follows; `kept`: in a directory of its own.

        `now` are the seconds on the run's clock.
        """
        if not self._followed:
            return
        before = max(0.0, time.monotonic() - now - self.log.began)
        began, run = time.time() - now - before, self._log_dir.name if kept else ""
        jobs = declared_job.of_plan(plan)
        header = self._options.header
        self.bus.emit(events.RunDeclared(now, run, header, began, before, jobs))

    def add_left(self, before: Mapping[str, int], after: Mapping[str, int], at: float) -> None:
        """Add what the jobs left: the amounts of the machine that are known before and after."""
        left = {
            name: {"before": amount, "after": after[name], "difference": after[name] - amount}
            for name, amount in before.items()
            if name in after
        }
        if left:
            self._summary.add("left", left)
            amounts = {name: each["difference"] for name, each in left.items()}
            self.bus.emit(events.Left(at, amounts))

    def show_results(
        self,
        facts: Facts,
        logged: Mapping[str, int],
        testcases: Callable[[Sequence[str]], str] = lambda _: "",
    ) -> None:
        """Write summary.json, then show a table of all jobs, and the failed ones.

        `logged` are the jobs whose log is of this run, with the bytes that are left out of it.
        `testcases` returns the filter that selects the failed test cases of jobs, '' for all.
        """
        results = list(facts.results.values())
        self.log.check()
        again = AskedOnce(self._options.rerun, testcases, self.log.line)
        self._tell_reruns(console_summary.failed(results, logged), again, facts.seconds)
        code = self.verdict(facts).exit_code if self._own else None
        try:
            self._summary.write(results, logged, code, facts.seconds)
            self._written = code
        except OSError as error:
            self.log.write_failed(self._summary.path, error)
        self._show(results, logged, again)

    def verdict(self, facts: Facts) -> Verdict:
        """Return the verdict on these facts and on the reports so far."""
        return decide(facts._replace(write_error=self.log.write_error))

    def end(self, facts: Facts) -> Verdict:
        """Write the verdict, unless the caller does, and return it."""
        if self._own:
            return verdict_writer.write(self.log, self._summary.path, facts, self._written)
        return self.verdict(facts)

    def end_before_jobs(self, facts: Facts) -> None:
        """Write into summary.json that the run has ended before any job started."""
        code = self.verdict(facts).exit_code
        verdict_writer.end_summary(self.log, self._summary.path, code, facts.seconds)

    def close(self) -> None:
        """Close a log that is our own."""
        if self._own:
            self.log.close()

    def _tell_reruns(self, failed: Sequence[Result], again: AskedOnce, at: float) -> None:
        """Tell the listeners beside the log the words that run failed jobs again."""
        if not failed or not self._followed:
            return
        from lib.common import shell_words  # late: a run that passes needs none

        for result in failed:
            if command := again.of([result.name]):
                self.bus.emit(events.RunAgain(at, result.name, shell_words.vector(command)))

    def _show(self, results: list[Result], logged: Collection[str], again: AskedOnce) -> None:
        redact = self._options.redact
        sections = [
            console_summary.table(results),
            *_unless_broken("the critical path", self._path),
            *_unless_broken(
                "the failures",
                lambda: console_summary.failures(results, self._log_dir, logged, again.of, redact),
            ),
        ]
        masked = [
            each._replace(
                lines=_masked(each.lines, redact),
                log=_masked(each.log, redact),
                tests=_masked(each.tests, redact),
            )
            for each in sections
        ]
        if missed := self.log.view.end(masked):
            self.log.line(f"NOTE  the summary could not be shown: {missed}")

    def _path(self) -> list[Section]:
        if not self._seen:
            return []
        from lib.report import path_lines  # late, both: only a program shows it
        from lib.timeline.timeline import Timeline

        timeline = Timeline()
        for event in self._seen:
            timeline(event)
        return path_lines.sections(timeline.record())

    def _listener_broke(self, listener: events.Listener, error: BaseException) -> None:
        name = type(listener).__name__
        with contextlib.suppress(Exception):  # the caller's listener may have any attributes
            name = str(getattr(listener, "__name__", name))
        self.log.line(f"NOTE  the listener {name} broke: {complaint(error)}")


def _masked(lines: Sequence[str], redact: Callable[[str], str]) -> list[str]:
    """Return lines without secrets, also those that go over several of them."""
    return redact("\n".join(lines)).split("\n") if lines else []


def _unless_broken(what: str, make: Callable[[], list[Section]]) -> list[Section]:
    """Return the sections, or one that tells why they cannot be made."""
    try:
        return make()
    except KeyboardInterrupt:
        raise
    except BaseException as error:  # noqa: BLE001 - the verdict does not need them
        return [Section([f"{what} cannot be shown: {complaint(error)}"])]
