"""Gathers what the first page shows from the queue and the store of runs."""

from __future__ import annotations

import fnmatch
import math
import threading
import time
from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from lib.commit_queue.entry import Entry
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import ENDED, VERDICTS, State
from lib.configuration.service_settings import ServiceSettings
from lib.dashboard import box_health
from lib.dashboard.overview import MOST_WAITING, Item, Overview
from lib.dashboard.run_lines import RunLines
from lib.run_directories.run_store import RunStore
from lib.run_directories.stored_run import RUNNING, StoredRun

MOST_RECENT, MOST_BRANCHES = 25, 40
SHARED = 1.0  # seconds
LOOKED_AT = 50  # of the newest runs: among them are those that go on


class Queued(NamedTuple):
    """What the queue tells; nothing of it if it cannot be read."""

    running: Sequence[Entry] = ()
    waiting: Sequence[Entry] = ()
    ended: Sequence[Entry] = ()
    branches: Sequence[tuple[str, Entry]] = ()


class Gatherer:
    """Gathers the overview."""

    def __init__(
        self, settings: ServiceSettings, queue: QueueReader, store: RunStore, lines: RunLines
    ) -> None:
        self._settings = settings
        self._queue = queue
        self._store = store
        self._lines = lines
        self._lock = threading.Lock()
        self._last: Overview | None = None

    def overview(self, version: str) -> Overview:
        """Return what there is now. Raises OSError if the store cannot be read.

        Pages that ask for the same version within a second share the work of the first.
        """
        with self._lock:
            last = self._last
            if last is None or last.version != version or not 0 <= time.time() - last.now < SHARED:
                last = self._last = self._gathered(version)
            return last

    def _gathered(self, version: str) -> Overview:
        health = box_health.look(self._settings, self._queue)
        queued = Queued() if health.unreadable else self._queued()
        stored = {run.name: run for run in self._store.runs()}
        taken = {entry.run for entry in (*queued.running, *queued.ended)}
        by_hand = [
            Item(None, self._lines.line(run))
            for run in islice(stored.values(), LOOKED_AT)
            if run.name not in taken
        ]
        running = [self._item(entry, stored) for entry in queued.running]
        running += [item for item in by_hand if item.state == RUNNING]
        recent = [self._item(entry, stored) for entry in queued.ended]
        recent += [item for item in by_hand if item.state != RUNNING]
        branches = [(name, self._item(entry, stored)) for name, entry in queued.branches]
        return Overview(
            title=self._settings.base.github_repo or "CI",
            now=time.time(),
            version=version,
            main=next((name for name, _ in branches if self._rank(name) < math.inf), ""),
            problems=box_health.problems(health),
            running=tuple(sorted(running, key=lambda item: item.began)),
            waiting=tuple(queued.waiting),
            branches=tuple(branches),
            recent=tuple(islice(sorted(recent, key=lambda item: -item.began), MOST_RECENT)),
            health=health,
        )

    def _queued(self) -> Queued:
        return Queued(
            self._queue.entries(states={State.RUNNING}),
            list(islice(self._queue.waiting(), MOST_WAITING)),
            self._queue.entries(states=ENDED, limit=MOST_RECENT),
            self._branches(),
        )

    def _item(self, entry: Entry, stored: Mapping[str, StoredRun]) -> Item:
        run = stored.get(entry.run)
        return Item(entry, self._lines.line(run) if run else None)

    def _branches(self) -> list[tuple[str, Entry]]:
        """Return branches with the last entry that has a verdict, the protected ones first."""
        found = []
        for name, last in islice(self._queue.branches(), MOST_BRANCHES):
            with_verdict = (
                [last]
                if last.state in VERDICTS
                else self._queue.entries(states=VERDICTS, branch=name, limit=1)
            )
            found += [(name, entry) for entry in with_verdict]
        return sorted(found, key=lambda pair: self._rank(pair[0]))

    def _rank(self, branch: str) -> float:
        """Return the place of a branch among the protected ones, infinity if it is none."""
        globs = enumerate(self._settings.protected)
        return next((at for at, glob in globs if fnmatch.fnmatchcase(branch, glob)), math.inf)
