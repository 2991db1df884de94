"""Follows an entry until it has ended: what it waits for, then the lines of its run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.entry import Entry
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.states import ENDED, State
from lib.common import interrupts
from lib.common.plain_text import one_line
from lib.model.job_fields import RUN_LOG
from lib.queue_commands import entry_text
from lib.queue_commands.printed_log import PrintedLog, remark
from lib.run_directories import run_name

PAUSE = 0.1  # seconds between two looks
# exit codes of entries that ended without one of their run, as shells have them for signals
WITHOUT_CODE = {State.CANCELLED: 130, State.SUPERSEDED: 143, State.CUT_OFF: 137}


def exit_code(entry: Entry) -> int:
    """Return the exit code that tells the end of an entry: 0 only if it has passed."""
    if entry.state is State.PASSED:
        return 0
    if entry.state in WITHOUT_CODE:
        return WITHOUT_CODE[entry.state]
    return entry.exit_code if entry.exit_code and 0 < entry.exit_code < 256 else 1


def until_changed(queue: QueueReader, version: int, also: Callable[[], None]) -> int:
    """Wait until the queue has changed; return its version. Calls `also` at each look."""
    while (now := queue.version()) == version:
        also()
        interrupts.sleep(PAUSE)
    return now


class Follower:
    """Follows one entry of a queue, and prints what it learns; `also` is called at each look."""

    def __init__(self, queue: QueueReader, number: int, also: Callable[[], None]) -> None:
        self._queue = queue
        self._number = number
        self._also = also
        self._log: PrintedLog | None = None  # of its run
        self._told = ""

    def follow(self) -> Entry:
        """Return the entry when it has ended. Raises LookupError, OSError, Interrupted."""
        version = -1
        try:
            while (entry := self._queue.entry(self._number)).state not in ENDED:
                self._tell(self._news(entry))
                self._turn_to(entry.run)
                version = until_changed(self._queue, version, self._look)
            self._turn_to(entry.run)
            self._end(entry)
        finally:
            if self._log:
                self._log.close()
        return entry

    def _news(self, entry: Entry) -> str:
        if entry.state is State.RUNNING:
            return f"asked to end: {entry.asked_to_end}" if entry.asked_to_end else ""
        if self._queue.mode() != "running":
            return entry_text.mode(self._queue)[0]
        running = self._queue.entries(states={State.RUNNING})
        if held := entry_text.held_back(entry, running):
            return held
        order = [each.id for each in self._queue.waiting()]
        if self._number not in order:  # it starts just now
            return self._told
        why = entry.reason or self._queue.held_up()
        again = f" ({why})" if why else ""
        return f"{entry_text.before(order.index(self._number))}{again}"

    def _tell(self, news: str) -> None:
        if news and news != self._told:
            remark(one_line(news))
        if news or self._log:
            self._told = news

    def _turn_to(self, run: str) -> None:
        """Print the lines of this run from now on; '' for none."""
        path = self._log_of(run)
        if self._log and self._log.path != path:
            self._log.end()
            self._log = None
        if path and self._log is None:
            self._log = PrintedLog(path)

    def _log_of(self, run: str) -> Path | None:
        known = run_name.parse(run)
        return self._queue.state_dir / run_name.RUNS / run / f"{RUN_LOG}.log" if known else None

    def _look(self) -> None:
        if self._log:
            self._log.more()
        self._also()

    def _end(self, entry: Entry) -> None:
        """Print the rest; without any line of a run, what its command printed."""
        if self._log:
            self._log.end()
        if not (self._log and self._log.begun):
            PrintedLog(paths.log(self._queue.state_dir, entry.id)).end()
        remark(entry_text.line(entry))
