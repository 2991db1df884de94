"""Posts statuses to GitHub. Never raises, and never holds up a run beyond its budget.

Decides when to try again and when to give up; each failure goes to the log, without the token.
Knows nothing of HTTP, jobs and runs.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable

from lib.common import program_end, threads
from lib.github import client
from lib.github.client import Repository
from lib.github.outbox import Outbox
from lib.github.status_data import Delivery, Status

BUDGET = 20.0  # seconds for one status, all attempts together
ATTEMPT = 5.0  # seconds for one request
FIRST_PAUSE = 0.5  # seconds before the second attempt; doubles from there
DROPPED = "the run has ended, and those before took too long"


class _Queued:
    """A status in the queue: `done` is set once `delivery` has the result of posting it."""

    def __init__(self, status: Status, complete: Callable[[Status], Status] | None = None) -> None:
        self.status = status
        self.complete = complete
        self.delivery = Delivery.UNDELIVERED
        self.done = threading.Event()
        self.stop = threading.Event()  # once set, no further attempt is begun


class StatusReporter:
    """Posts statuses in the order in which they are given, from one thread.

    The thread lives while there is something to post. So a `pending` is never posted after the
    status that ends it; one that was given up for its late answer may still reach GitHub after it.
    `outbox` keeps each status until GitHub has taken or refused it, `mask` hides secrets.
    """

    def __init__(
        self,
        repository: Repository,
        log: Callable[[str], None],
        *,
        mask: Callable[[str], str] = str,
        outbox: Outbox | None = None,
        budget: float = BUDGET,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._repository = repository
        self._log = log
        self._mask = mask
        self._outbox = outbox
        self._budget = budget
        self._first_pause = first_pause
        self._said_off = False
        self._lock = threading.Lock()  # of the fields below
        self._queue: deque[_Queued] = deque()
        self._current: _Queued | None = None  # the one that the thread posts
        self._thread: threading.Thread | None = None  # None: the queue is empty

    @property
    def on(self) -> bool:
        """Whether there is a token and a repository; if not, the log says so once."""
        if self._repository.token and self._repository.name:
            return True
        if not self._said_off:
            self._said_off = True
            self._log("statuses are off: they need GITHUB_TOKEN and GITHUB_REPO")
        return False

    def queue(self, status: Status, complete: Callable[[Status], Status] | None = None) -> None:
        """Have a status posted after those before it; returns at once.

        `complete` adds what takes a moment to find out: the thread calls it before it posts.
        """
        if self.on and not self._enqueue(_Queued(status, complete)):
            self._give_up(status, "there can be no more threads")

    def post(self, status: Status) -> Delivery:
        """Post a status after those before it, which get 5 s; return the result."""
        if not self.on:
            return Delivery.UNDELIVERED
        self.flush(ATTEMPT)
        queued = _Queued(status)
        if not self._enqueue(queued):
            return self._deliver(queued)
        queued.done.wait(self._budget + 2 * ATTEMPT)
        return queued.delivery

    def flush(self, budget: float) -> bool:
        """Wait at most `budget` seconds for all that is queued; return whether it was all tried.

        The rest is dropped: the log names each, and the outbox keeps those that end a job or a run.
        """
        with self._lock:
            last = self._queue[-1] if self._queue else self._current
        if last is None or last.done.wait(budget):
            return True
        with self._lock:
            dropped = list(self._queue)
            self._queue.clear()
            current, thread = self._current, self._thread
        for queued in dropped:
            if self._outbox is not None and queued.status.state != "pending":
                self._outbox.keep(queued.status)
            self._give_up(queued.status, DROPPED)
            queued.done.set()
        if current is not None and thread is not None:
            current.stop.set()
            program_end.join_at_exit(thread, 2 * ATTEMPT)
        return False

    def _enqueue(self, queued: _Queued) -> bool:
        """Put a status into the queue; return False if no thread can be started for it."""
        with self._lock:
            if self._thread is None:
                thread = threading.Thread(target=self._work, name="statuses", daemon=True)
                try:
                    threads.start(thread)
                except RuntimeError:  # RLIMIT_NPROC
                    return False
                self._thread = thread
            self._queue.append(queued)
            return True

    def _work(self) -> None:
        while (queued := self._next()) is not None:
            queued.delivery = self._deliver(queued)
            queued.done.set()

    def _next(self) -> _Queued | None:
        """Return the next status for the thread; None ends it."""
        with self._lock:
            self._current = self._queue.popleft() if self._queue else None
            if self._current is None:
                self._thread = None
            return self._current

    def _deliver(self, queued: _Queued) -> Delivery:
        status = self._completed(queued)
        status = status._replace(description=self._mask(status.description))  # before it is cut
        if self._outbox is not None:
            self._outbox.keep(status)
        delivery = self._insist(status, queued.stop)
        # a `pending` needs another status for its end
        final = delivery is not Delivery.UNDELIVERED and status.state != "pending"
        if self._outbox is not None and final:
            self._outbox.forget(status)
        return delivery

    def _completed(self, queued: _Queued) -> Status:
        if queued.complete is None:
            return queued.status
        try:
            return queued.complete(queued.status)
        except Exception as error:  # noqa: BLE001 - the status itself is posted all the same
            self._log(self._mask(f"status of {queued.status.context} is not complete: {error}"))
            return queued.status

    def _insist(self, status: Status, stop: threading.Event) -> Delivery:
        """Post a status, and again within the budget if GitHub's answer allows it."""
        end = time.monotonic() + self._budget
        pause = self._first_pause
        while True:
            timeout = min(ATTEMPT, max(0.1, end - time.monotonic()))
            answer = client.post_status(self._repository, status.sha, status.body(), timeout)
            if answer.status == 201:
                return Delivery.ACCEPTED
            wait = client.pause_before_retry(answer, pause)
            late = wait is None or time.monotonic() + wait >= end
            if late or stop.wait(wait):
                self._give_up(status, str(answer))
                return Delivery.REFUSED if wait is None else Delivery.UNDELIVERED
            pause *= 2

    def _give_up(self, status: Status, why: str) -> None:
        what = f"status {status.state} of {status.context} for {status.sha}"
        self._log(self._mask(f"{what} was not posted: {why}"))
