"""The answers below `/runs/` and `/logs/`: the files of runs, and pages on those that go on."""

from __future__ import annotations

import contextlib
import os
import urllib.parse
from pathlib import Path

from lib.dashboard import answers, file_answers, log_page, log_stream, run_page
from lib.dashboard.answers import Answer
from lib.dashboard.changes import Changes
from lib.dashboard.request import Request
from lib.dashboard.run_lines import LARGEST_SUMMARY
from lib.dashboard.streams import Streams
from lib.model.job_fields import NAME
from lib.run_directories import attempt_logs, run_name
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
            names = (
                file_answers.commits(self._store) if by_commit else file_answers.runs(self._store)
            )
            return file_answers.listed(names or ["(no logs yet)"])
        find = file_answers.of_commit if by_commit else file_answers.of_run
        return self._of_run(request, find(self._store, word), rest)

    def _of_run(self, request: Request, directory: Path, path: str) -> Answer:
        if "follow" in request.query and path.endswith(LOG):
            return self._followed(request, directory, path.removesuffix(LOG))
        if path == "" and request.path.endswith("/"):
            with contextlib.suppress(OSError):
                report = file_answers.open_in(directory, [file_answers.REPORT])
                return file_answers.sent(report, file_answers.REPORT)
        handle = file_answers.open_in(directory, path.split("/") if path else [])
        if not file_answers.is_directory(handle):
            return file_answers.sent(handle, path)
        names = file_answers.names_in(handle)
        if not request.path.endswith("/"):  # a browser would look for the names one level above
            here = urllib.parse.quote(os.fsencode(request.path))
            return answers.moved(f"{request.environ.get('SCRIPT_NAME', '')}{here}/")
        if path == "" and request.for_people:
            return run_page.answer(_run_at(directory), names, self._changes.version(), request)
        return file_answers.listed(names)

    def _followed(self, request: Request, directory: Path, job: str) -> Answer:
        """Follow the log of a job that has one, or may still get one."""
        if not NAME.match(job):
            raise FileNotFoundError(job)
        handle = file_answers.open_in(directory, [])
        logs = attempt_logs.ordered(file_answers.names_in(handle), job)
        run = _run_at(directory)
        if not logs and not run.live:
            raise FileNotFoundError(job)
        if request.for_people:
            return log_page.answer(run, job)
        since = request.header("LAST_EVENT_ID")
        return self._streams.answer(log_stream.events(run, job, since), request.client)


def _run_at(directory: Path) -> StoredRun:
    name = run_name.parse(directory.name) or RunName("", 1, "")
    return StoredRun(directory, name, LARGEST_SUMMARY)
