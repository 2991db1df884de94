"""Tells GitHub how a commit fares. Never raises, never holds up a run beyond its budget.

Decides when to try again and when to give up; what failed goes to the log, without the token.
Unaware of HTTP, jobs and runs.
"""

from __future__ import annotations

import contextlib
import enum
import functools
import os
import queue
import threading
import time
from collections.abc import Callable
from typing import NamedTuple, Protocol

from lib.common import program_end, redact
from lib.github import client
from lib.settings import settings
from lib.settings.settings import Settings

LONGEST = 140  # characters of a description
LONGEST_CONTEXT = 255  # characters
CONTEXT = "ci/hetzner"
BUDGET = 20.0  # seconds for one status, all attempts together
ATTEMPT = 5.0  # seconds for one request
FIRST_PAUSE = 0.5  # seconds before the second attempt; doubles from there


class Status(NamedTuple):
    """One status of one commit."""

    state: str  # pending, success, failure or error
    sha: str
    context: str
    description: str
    url: str

    def body(self) -> dict[str, str]:
        """Return it as the API takes it; an URL that it would refuse is left out."""
        text = " ".join(self.description.split())
        body = {
            "state": self.state,
            "context": redact.shorten(self.context, LONGEST_CONTEXT),
            "description": redact.shorten(text, LONGEST),
        }
        if self.url.startswith(("http://", "https://")):
            body["target_url"] = self.url
        return body


class Delivery(enum.Enum):
    """How the posting of a status ended."""

    ACCEPTED = "GitHub accepted it"
    REFUSED = "GitHub will never accept it"
    UNDELIVERED = "no answer came, or one that may be another later"


class Keeper(Protocol):
    """Keeps what has yet to be told, whatever becomes of this program."""

    def note(self, status: Status) -> None:
        """Take note of a status before it is posted."""
        ...

    def settle(self, status: Status) -> None:
        """Forget one that was taken or refused."""
        ...


class StatusReporter:
    """Posts statuses of commits, each when the one before is done.

    `outbox` keeps each until GitHub has taken or refused it.
    """

    def __init__(
        self,
        config: Settings,
        log: Callable[[str], None],
        *,
        budget: float = BUDGET,
        first_pause: float = FIRST_PAUSE,
        outbox: Keeper | None = None,
    ) -> None:
        self._config = config
        self._log = log
        self._budget = budget
        self._first_pause = first_pause
        self._outbox = outbox
        self._mask = redact.Redactor(settings.secrets(config, os.environ))
        self._said_off = False
        self._early: BackgroundReporter | None = None

    @property
    def on(self) -> bool:
        """Whether there is a token and a repository to post to; says once if not."""
        if self._config.github_token and self._config.github_repo:
            return True
        if not self._said_off:
            self._said_off = True
            self._log("statuses are off: they need GITHUB_TOKEN and GITHUB_REPO")
        return False

    def pending(self, sha: str, context: str, description: str, url: str = "") -> None:
        """Say that it runs, without waiting for GitHub; what is posted next comes after it."""
        if self.on:
            self._early = self._early or BackgroundReporter(self)
            self._early.post("pending", sha, context, description, url)

    def success(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it passed; return whether GitHub took it."""
        return self.post("success", sha, context, description, url) is Delivery.ACCEPTED

    def failure(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it failed; return whether GitHub took it."""
        return self.post("failure", sha, context, description, url) is Delivery.ACCEPTED

    def error(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it could not be found out; return whether GitHub took it."""
        return self.post("error", sha, context, description, url) is Delivery.ACCEPTED

    def post(self, state: str, sha: str, context: str, description: str, url: str) -> Delivery:
        """Post one status, trying again within the budget where GitHub says that it may help."""
        if self._early:  # a late `pending` must not overwrite this one
            self._early.close(ATTEMPT)
            self._early = None
        return self.deliver(Status(state, sha, context, description, url), threading.Event())

    def deliver(self, status: Status, stop: threading.Event) -> Delivery:
        """Post one status; once `stop` is set no further attempt is begun."""
        if not self.on:
            return Delivery.UNDELIVERED
        status = status._replace(description=self._mask(status.description))  # before it is cut
        if self._outbox is not None:
            self._outbox.note(status)
        delivery = self._insist(status, stop)
        if (
            self._outbox is not None
            and delivery is not Delivery.UNDELIVERED
            and status.state != "pending"
        ):
            self._outbox.settle(status)
        return delivery

    def give_up(self, status: Status, why: str) -> None:
        """Log that a status was not posted, and why."""
        what = f"status {status.state} of {status.context} for {status.sha}"
        self._log(self._mask(f"{what} was not posted: {why}"))

    def drop(self, status: Status, why: str) -> None:
        """Give up a status without an attempt; a final one is kept if there is an outbox."""
        if self._outbox is not None and status.state != "pending":
            self._outbox.note(status)
        self.give_up(status, why)

    def _insist(self, status: Status, stop: threading.Event) -> Delivery:
        end = time.monotonic() + self._budget
        pause = self._first_pause
        while True:
            answer = self._attempt(status, min(ATTEMPT, max(0.1, end - time.monotonic())))
            if answer.status == 201:
                return Delivery.ACCEPTED
            wait = client.pause_before_retry(answer, pause)
            late = wait is None or time.monotonic() + wait >= end
            if late or stop.wait(wait):
                self.give_up(status, str(answer))
                return Delivery.REFUSED if wait is None else Delivery.UNDELIVERED
            pause *= 2

    def _attempt(self, status: Status, timeout: float) -> client.Answer:
        config = self._config
        where = (config.github_api_url, config.github_token, config.github_repo)
        return client.post_status(*where, status.sha, status.body(), timeout)


class BackgroundReporter:
    """Posts statuses one after the other from a thread, so that its caller never waits."""

    def __init__(self, reporter: StatusReporter) -> None:
        self._reporter = reporter
        self._queue: queue.SimpleQueue[Status | None] = queue.SimpleQueue()
        self._stop = threading.Event()
        self._thread = threading.Thread(target=self._work, name="statuses", daemon=True)
        self._works = True
        try:
            self._thread.start()
        except RuntimeError:  # no thread is to be had (RLIMIT_NPROC)
            self._works = False

    def post(self, state: str, sha: str, context: str, description: str, url: str = "") -> None:
        """Post when those before are done."""
        status = Status(state, sha, context, description, url)
        if self._works:
            self._queue.put(status)
        else:
            self._reporter.give_up(status, "there can be no more threads")

    def close(self, budget: float) -> bool:
        """Wait at most `budget` seconds for what is queued; return whether it was all tried.

        What is left then is dropped, and each is named in the log.
        """
        if not self._works:
            return True
        self._queue.put(None)
        self._thread.join(budget)
        self._stop.set()
        with contextlib.suppress(queue.Empty):  # here: the thread ends whenever the program does
            while True:
                if status := self._queue.get_nowait():
                    why = "the run has ended, and those before took too long"
                    self._reporter.drop(status, why)
        self._queue.put(None)
        if not self._thread.is_alive():
            return True
        program_end.join_at_exit(self._thread, 2 * ATTEMPT)
        return False

    def _work(self) -> None:
        while (status := self._queue.get()) is not None:
            self._reporter.deliver(status, self._stop)


@functools.lru_cache(maxsize=1)
def _reporter(config: Settings) -> StatusReporter:
    """Return the one reporter of these settings, so that it says only once that it is off."""
    return StatusReporter(config, print)


def _post(state: str, sha: str, context: str, description: str, url: str) -> bool:
    try:
        config = settings.load_anywhere()
    except settings.SettingsError as error:
        print(f"status {state} of {context} was not posted: {error}")
        return False
    return _reporter(config).post(state, sha, context, description, url) is Delivery.ACCEPTED


def status_pending(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say, with the settings of the environment, that a commit is being checked.

    Return whether GitHub took it; so do the other three.
    """
    return _post("pending", sha, context, description, url)


def status_success(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit passed."""
    return _post("success", sha, context, description, url)


def status_failure(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit failed."""
    return _post("failure", sha, context, description, url)


def status_error(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit could not be checked."""
    return _post("error", sha, context, description, url)
