"""Posts the statuses of the queue from a thread: GitHub never holds the worker up.

A status leaves the queue when GitHub has taken or refused it, so a restart loses none. Those that
GitHub did not answer are tried again after ever longer pauses. A verdict is never posted: only a
run has one, and a job that can write the database of the queue could put one there.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable, Sequence

from lib.commit_queue.entry import QueuedStatus
from lib.commit_queue.store import CommitQueue
from lib.common import redact, ref_names, threads
from lib.common.plain_text import one_line
from lib.github import outbox
from lib.github.status_data import CONTEXT, Delivery, Status
from lib.github.status_reporter import StatusReporter
from lib.processes import own_children
from lib.queue_worker import run_records
from lib.run_directories import run_name

STATES = frozenset({"pending", "error"})  # that the queue speaks of
LONGEST = 100  # characters of a line on one that is dropped
FIRST_PAUSE, LONGEST_PAUSE = 2.0, 300.0  # seconds after a status that was not delivered; it doubles


class StatusPoster:
    """The `Statuses` of a dispatcher. `done` is called when a status is no longer under way.

    `say` prints a line. `pending`: a commit is told that it waits, since its run ends that status.
    """

    def __init__(
        self,
        queue: CommitQueue,
        reporter: StatusReporter,
        done: Callable[[], None],
        say: Callable[[str], None],
        *,
        log_url: str = "",
        pending: bool = True,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._queue = queue
        self._reporter = reporter
        self._done = done
        self._say = say
        self._log_url = log_url.rstrip("/")
        self._pending = pending
        self._first_pause = self._pause = first_pause
        self._changed = threading.Condition()  # of the fields below
        self._offered: list[QueuedStatus] = []
        self._current: QueuedStatus | None = None
        self._thread: threading.Thread | None = None
        self._closed = False

    def offer(self, statuses: Sequence[QueuedStatus]) -> None:
        """Post these, the first first, and no others. Does nothing without a token."""
        statuses = [each for each in statuses if self._pending or each.state != "pending"]
        if not (statuses or self._offered) or not self._reporter.on:
            return
        with self._changed:
            self._offered = statuses
            if self._thread is None or not self._thread.is_alive():
                thread = threading.Thread(target=self._work, name="queue statuses", daemon=True)
                with contextlib.suppress(RuntimeError):  # no thread can be had: at the next call
                    threads.start(thread)
                    self._thread = thread
            self._changed.notify_all()

    def clear(self, sha: str) -> bool:
        """Drop what is not posted of a commit; return whether none of it is under way."""
        with self._changed:
            if self._current is not None and self._current.sha == sha:
                return False
            self._offered = [status for status in self._offered if status.sha != sha]
        for status in self._queue.statuses():
            if status.sha == sha:
                self._queue.forget_status(status.id)
        return True

    def close(self, seconds: float) -> None:
        """Wait at most so long for those that were offered; the queue keeps the rest."""
        with self._changed:
            if self._thread is not None:
                self._changed.wait_for(lambda: not self._offered and not self._current, seconds)
            self._closed = True
            self._changed.notify_all()

    def _work(self) -> None:
        with own_children.starting_none():
            while (status := self._next()) is not None:
                answered = False
                try:
                    answered = self._post(status)
                finally:
                    self._is_done_with(status, answered)
                self._done()
                self._rest(answered)

    def _is_done_with(self, status: QueuedStatus, answered: bool) -> None:
        with self._changed:
            self._current = None
            if answered:
                self._offered = [each for each in self._offered if each.id != status.id]
            self._changed.notify_all()

    def _next(self) -> QueuedStatus | None:
        """Wait for a status to post; None ends the thread."""
        with self._changed:
            self._changed.wait_for(lambda: self._offered or self._closed)
            self._current = None if self._closed else self._offered[0]
            return self._current

    def _post(self, status: QueuedStatus) -> bool:
        """Post a status; return whether GitHub took or refused it, and the queue knows.

        One that is none of the queue's own is dropped.
        """
        if not _is_own(status):
            what = one_line(redact.shorten(f"{status.state} for {status.sha}", LONGEST))
            self._say(f"a status in the queue is dropped, it is none of the queue's own: {what}")
        elif any(
            self._reporter.post(each) is Delivery.UNDELIVERED for each in self._with_parts(status)
        ):
            return False
        return self._forget(status)

    def _with_parts(self, status: QueuedStatus) -> list[Status]:
        """Return a status, and those of jobs and groups that a dead run has left pending.

        The next run would post these, too; it may not come for long.
        """
        url = f"{self._log_url}/{status.run}" if self._log_url and status.run else ""
        whole = Status(status.state, status.sha, CONTEXT, status.description, url)
        if status.state != "error" or run_name.parse(status.run) is None:
            return [whole]
        state_dir = self._queue.state_dir
        run = str(run_records.report(state_dir, status.run).get("run"))
        parts = outbox.cut_off_parts(state_dir, run, status.sha)
        return [whole, *(each._replace(url=url) for each in parts)]

    def _forget(self, status: QueuedStatus) -> bool:
        try:
            self._queue.forget_status(status.id)
        except OSError:  # the queue cannot be written: it is posted once more, which is harmless
            return False
        return True

    def _rest(self, answered: bool) -> None:
        """Wait before the next try if GitHub did not answer."""
        if answered:
            self._pause = self._first_pause
            return
        with self._changed:
            self._changed.wait_for(lambda: self._closed, self._pause)
        self._pause = min(LONGEST_PAUSE, 2 * self._pause)


def _is_own(status: QueuedStatus) -> bool:
    """Whether the queue itself can have written it: SQLite keeps any type in any column."""
    texts = (status.state, status.sha, status.description, status.run)
    if not all(isinstance(text, str) for text in texts):
        return False
    return status.state in STATES and ref_names.is_commit(status.sha)
