"""The dashboard: a WSGI application (PEP 3333) that only reads.

| path | answer |
|---|---|
| `/` | branches, queue and runs, live |
| `/runs/<run>/…` | a run: its report or what it does now, its logs, the files that its jobs kept |
| `/logs/<sha>/…` | the same of the run that speaks for a commit |
| `/runs/`, `/logs/` | names of all runs, of all commits that have one |
| `…/<job>.log?follow=1` | a log as it grows: server-sent events, or for a browser a page |
| `/api/runs.json`, `/api/events` | entries and runs for programs; an event at each change |
| `/health`, `/metrics` | for watchers |
| `/badge/<branch>.svg` | the last verdict on a branch |
"""

from __future__ import annotations

import os
import urllib.parse
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING

from lib.commit_queue.queue_reader import QueueReader
from lib.configuration.service_settings import ServiceSettings
from lib.dashboard import access, answers, badge, health, home_page, locked_page, metrics, runs_json
from lib.dashboard.access import Access
from lib.dashboard.answers import NOT_FOUND, Answer, say
from lib.dashboard.changes import Changes
from lib.dashboard.gatherer import Gatherer
from lib.dashboard.request import Request
from lib.dashboard.run_lines import LARGEST_SUMMARY, RunLines
from lib.dashboard.run_pages import RunPages
from lib.dashboard.streams import Streams
from lib.run_directories import run_name
from lib.run_directories.run_store import RunStore

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

METHODS = ("GET", "HEAD")


class Dashboard:
    """The application. Threads may share it."""

    def __init__(self, settings: ServiceSettings, queue: QueueReader) -> None:
        store = RunStore(settings.base.state_dir, LARGEST_SUMMARY)
        self._queue = queue
        self._access = Access(settings.read_token)
        self._streams = Streams()
        self._changes = Changes(queue, store)
        lines = RunLines()
        self._gatherer = Gatherer(settings, queue, store, lines)
        self._runs = RunPages(store, self._streams, self._changes)
        self._paths: Mapping[str, Callable[[Request], Answer]] = {
            "/": self._home,
            "/health": lambda request: health.answer(
                settings, queue, to_reader=self._access.may_read(request.environ)
            ),
            "/metrics": lambda _: metrics.answer(settings, queue, self._streams),
            "/api/runs.json": lambda request: runs_json.answer(queue, store, lines, request.query),
            "/api/events": self._events,
        }

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        """Answer a request."""
        method = environ["REQUEST_METHOD"]
        if method not in METHODS:
            answer = say("405 Method Not Allowed", [("Allow", ", ".join(METHODS))])
        else:
            answer = self._answer(Request(environ))
        if method == "HEAD":
            _close(answer.body)
            answer = answer._replace(body=[])
        start(answer.status, list(answer.headers))
        return answer.body

    @property
    def open_streams(self) -> int:
        """How many live views are open."""
        return self._streams.open

    def _answer(self, request: Request) -> Answer:
        if request.path != "/health":
            if self._access.brought(request.query):
                to = access.without_token(request.environ, request.path, request.query)
                return answers.moved(to, "303 See Other", self._access.cookie(request.environ))
            if not self._access.may_read(request.environ):
                return locked_page.answer(again=access.comes_from_elsewhere(request.environ))
        try:
            return self._found(request)
        except (FileNotFoundError, NotADirectoryError, LookupError, ValueError):
            return say(NOT_FOUND)  # ValueError: a NUL in a path
        except OSError:  # the queue or the store cannot be read: `/health` says why
            return say(answers.BUSY if request.path in self._paths else NOT_FOUND)

    def _found(self, request: Request) -> Answer:
        if (known := self._paths.get(request.path)) is not None:
            return known(request)
        first, _, rest = request.path.removeprefix("/").partition("/")
        if first in (run_name.RUNS, run_name.LOGS):
            return self._runs.answer(request, first, rest)
        if first == "badge" and rest.endswith(".svg"):
            return badge.answer(self._queue, rest.removesuffix(".svg"))
        if run_name.parse(first) or run_name.COMMIT.fullmatch(first):
            # an address of before version 0.6.0, to which old statuses lead
            below = run_name.RUNS if run_name.parse(first) else run_name.LOGS
            path = urllib.parse.quote(os.fsencode(f"/{below}{request.path}"))
            return answers.moved(f"{request.environ.get('SCRIPT_NAME', '')}{path}")
        return say(NOT_FOUND)

    def _home(self, request: Request) -> Answer:
        shown = self._gatherer.overview(self._changes.version())
        return home_page.answer(shown, part="part" in request.query)

    def _events(self, request: Request) -> Answer:
        since = request.header("LAST_EVENT_ID") or request.query.get("since", "")
        return self._streams.answer(self._changes.events(since), request.client)


def _close(body: Iterable[bytes]) -> None:
    if (close := getattr(body, "close", None)) is not None:
        close()
