"""The parts of a pipeline that its command line uses, and no other program needs."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, TextIO

from lib.model import events
from lib.model.job import Job
from lib.processes import programs
from lib.processes.launch import Place
from lib.report.run_reports import ReportOptions
from lib.report.view import View
from lib.run.job_files import JobFiles
from lib.run.planner import Planner

if TYPE_CHECKING:
    from lib.proof.proving import Rerun


class ForPrograms:
    """The base of `Pipeline`, which sets these."""

    jobs: Sequence[Job]
    store: Path | None  # the directory that keeps its runs, None if none does
    _planner: Planner
    _place: Place
    _options: ReportOptions
    _console: TextIO | None  # the caller's, in place of stdout
    logs_of_run: Path  # the directory of the last run
    page_of_run = ""  # the address of its page, '' if it has none
    _files = JobFiles()  # of the last run

    def finish_copies(self) -> list[str]:
        """Wait for the copies of files that jobs keep; return notes.

        The owner of a `run_log` calls it, after its END line: no verdict waits for them.
        """
        return self._files.finish()

    def failed_tests_so_far(self, job: str) -> Sequence[str]:
        """Return the failed test cases of a job of the run that goes on; waits for their files.

        Another thread may call it. Raises nothing.
        """
        return self._files.failed_tests(job)

    def adapt(
        self,
        limits: Mapping[str, Any],
        rerun: Callable[[str], str] | None,
        leave_out: Callable[[Sequence[str]], str],
        views: Callable[[TextIO | None], Sequence[View]],
    ) -> None:
        """Take the limits and the views of a command line, and its words for what lacks them.

        `views` makes those of a new run, on a console in place of stdout if there is one.
        """
        planner, options = self._planner, self._options
        self._planner = planner._replace(limits=planner.limits._replace(**limits))
        if options.leave_out is programs.by_argument:
            options = options._replace(leave_out=leave_out)
        self._options = options._replace(
            rerun=options.rerun or rerun, viewer=lambda: views(self._console)
        )

    def add_listeners(self, listeners: Sequence[events.Listener]) -> None:
        """Have them listen to the runs that follow."""
        options = self._options
        self._options = options._replace(listeners=(*options.listeners, *listeners))

    @property
    def redact(self) -> Callable[[str], str]:
        """Masks the secrets of its runs."""
        return self._options.redact

    @property
    def branch(self) -> str:
        """The branch under test."""
        return str(self._options.header["branch"])

    @property
    def cwd(self) -> Path:
        """The directory in which jobs start."""
        return self._place.cwd

    def set_tree(self, find: Callable[[Path, float | None], tuple[str, bool | None]]) -> None:
        """Take the hash of the tree, and whether no commit has it, unless they are given.

        `find` returns them for `cwd`; '' and None if it knows nothing. Later it is asked again, and
        whether files were written to since then (a time in
        seconds since the epoch), as a tree that changes during the run proves nothing: so it is,
        too, if its hash was given.
        """
        header, cwd = dict(self._options.header), self._place.cwd
        started = time.time()
        found, dirty = find(cwd, None)
        if header["tree"] is None:
            header["tree"] = found or None
        if header["dirty"] is None:
            header["dirty"] = dirty
        self._options = self._options._replace(header=header)
        if found:
            same = str(header["tree"])
            now = lambda: same if find(cwd, started)[0] == found else ""  # noqa: E731
            self._place = self._place._replace(tree_now=now)

    def proven_before(self, pytest_workers: int = 4) -> Rerun:
        """Return what a run of everything may restore from the newest such run on this tree.

        The earlier run has to be in `store`. Raises ValueError without a store, and OSError.
        """
        from lib.run import records  # late: few runs restore jobs of an earlier one

        told = self._options.header
        return records.proven_before(self.jobs, self.store, told, self._place, pytest_workers)
