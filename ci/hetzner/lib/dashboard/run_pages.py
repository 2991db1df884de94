"""The answers below `/runs/` and `/logs/`: the files of runs, and pages on those that go on."""

from __future__ import annotations

import contextlib
import os
import urllib.parse
from pathlib import Path

from lib.commands import attempt_logs
from lib.dashboard import answers, log_page, log_stream, run_files, run_page
from lib.dashboard.answers import Answer
from lib.dashboard.changes import Changes
from lib.dashboard.request import Request
from lib.dashboard.run_lines import LARGEST_SUMMARY
from lib.dashboard.streams import Streams
from lib.model.job_fields import NAME
from lib.run_directories import run_name
from lib.run_directories.run_name import RunName
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import StoredRun

LOG = ".log"


class RunPages:
    """Answers for the runs of a store."""

    def __init__(self, store: RunStore, streams: Streams, changes: Changes) -> None:
        self._store = store.directory
        self._streams = streams
        self._changes = changes

    def answer(self, request: Request, below: str, path: str) -> Answer:
        """Answer for a path below `runs` or `logs`. Raises OSError, ValueError for no such file."""
        word, _, rest = path.partition("/")
        by_commit = below == run_name.LOGS
        if not word:
            if path:
                raise FileNotFoundError(path)
            names = run_files.commits(self._store) if by_commit else run_files.runs(self._store)
            return run_files.listed(names or ["(no logs yet)"])
        find = run_files.of_commit if by_commit else run_files.of_run
        return self._of_run(request, find(self._store, word), rest)

    def _of_run(self, request: Request, directory: Path, path: str) -> Answer:
        if "follow" in request.query and path.endswith(LOG):
            return self._followed(request, directory, path.removesuffix(LOG))
        if path == "" and request.path.endswith("/"):
            with contextlib.suppress(OSError):
                report = run_files.open_in(directory, [run_files.REPORT])
                return run_files.sent(report, run_files.REPORT)
        handle = run_files.open_in(directory, path.split("/") if path else [])
        if not run_files.is_directory(handle):
            return run_files.sent(handle, path)
        names = run_files.names_in(handle)
        if not request.path.endswith("/"):  # a browser would look for the names one level above
            here = urllib.parse.quote(os.fsencode(request.path))
            return answers.moved(f"{request.environ.get('SCRIPT_NAME', '')}{here}/")
        if path == "" and request.for_people:
            return run_page.answer(_run_at(directory), names, self._changes.version(), request)
        return run_files.listed(names)

    def _followed(self, request: Request, directory: Path, job: str) -> Answer:
        """Follow the log of a job that has one, or may still get one."""
        if not NAME.match(job):
            raise FileNotFoundError(job)
        handle = run_files.open_in(directory, [])
        logs = attempt_logs.ordered(run_files.names_in(handle), job)
        run = _run_at(directory)
        if not logs and not run.live:
            raise FileNotFoundError(job)
        if request.for_people:
            return log_page.answer(run, job)
        since = request.header("LAST_EVENT_ID")
        return self._streams.answer(log_stream.events(run, job, since))


def _run_at(directory: Path) -> StoredRun:
    name = run_name.parse(directory.name) or RunName("", 1, "")
    return StoredRun(directory, name, LARGEST_SUMMARY)
