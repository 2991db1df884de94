"""Tells GitHub how a commit fares. Never raises, never delays a run beyond its budget.

Source: "REST API endpoints for commit statuses", docs.github.com/en/rest/commits/statuses, and
"Best practices for using the REST API" for the limits and when to try again.
"""

from __future__ import annotations

import json
import queue
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from email.message import Message

from lib import settings
from lib.settings import Settings

VERSION = "2022-11-28"
LONGEST = 140  # characters of a description
CONTEXT = "ci/hetzner"
BUDGET = 20.0  # seconds for one status, all attempts together
ATTEMPT = 5.0  # seconds for one request
FIRST_PAUSE = 0.5  # seconds before the second attempt; doubles from there


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back for a request; status 0 when nothing did."""

    status: int
    headers: Mapping[str, str]
    text: str


class StatusReporter:
    """Posts statuses of commits; what fails goes to `log`, without the token."""

    def __init__(
        self,
        config: Settings,
        log: Callable[[str], None],
        *,
        budget: float = BUDGET,
        first_pause: float = FIRST_PAUSE,
    ) -> None:
        self._config = config
        self._log = log
        self._budget = budget
        self._first_pause = first_pause
        self._said_off = False

    @property
    def on(self) -> bool:
        """Whether there is a token and a repository to post to; says once if not."""
        if self._config.github_token and self._config.github_repo:
            return True
        if not self._said_off:
            self._said_off = True
            self._log("statuses are off: they need GITHUB_TOKEN and GITHUB_REPO")
        return False

    def pending(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it runs; return whether GitHub took it."""
        return self.post("pending", sha, context, description, url)

    def success(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it passed."""
        return self.post("success", sha, context, description, url)

    def failure(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it failed."""
        return self.post("failure", sha, context, description, url)

    def error(self, sha: str, context: str, description: str, url: str = "") -> bool:
        """Say that it could not be found out."""
        return self.post("error", sha, context, description, url)

    def post(self, state: str, sha: str, context: str, description: str, url: str) -> bool:
        """Post one status, trying again within the budget where GitHub says that it may help."""
        if not self.on:
            return False
        body = {"state": state, "context": context[:255], "description": _cut(description)}
        if url.startswith(("http://", "https://")):
            body["target_url"] = url
        end = time.monotonic() + self._budget
        pause = self._first_pause
        while True:
            answer = self._request(sha, body, min(ATTEMPT, max(0.1, end - time.monotonic())))
            if answer.status == 201:
                return True
            wait = _wait(answer, pause)
            if wait is None or time.monotonic() + wait >= end:
                why = answer.text if answer.status == 0 else f"{answer.status} {answer.text}"
                self._log(f"status {state} of {context} was not taken: {self._mask(why)}")
                return False
            time.sleep(wait)
            pause *= 2

    def _request(self, sha: str, body: Mapping[str, str], timeout: float) -> Answer:
        import http.client
        import urllib.error
        import urllib.parse
        import urllib.request

        repo = self._config.github_repo
        url = f"{self._config.github_api_url}/repos/{repo}/statuses/{urllib.parse.quote(sha, '')}"
        headers = {
            "Accept": "application/vnd.github+json",
            "Authorization": f"Bearer {self._config.github_token}",
            "Content-Type": "application/json",
            "User-Agent": "ci-runner",
            "X-GitHub-Api-Version": VERSION,
        }

        class NoRedirect(urllib.request.HTTPRedirectHandler):
            def redirect_request(self, *_: object) -> None:  # the token is for this host only
                return None

        try:
            request = urllib.request.Request(url, json.dumps(body).encode(), headers)
            opener = urllib.request.build_opener(NoRedirect)
            with opener.open(request, timeout=timeout) as response:
                return Answer(response.status, _lower(response.headers), "")
        except urllib.error.HTTPError as error:
            with error:
                return Answer(error.code, _lower(error.headers), _message(error))
        except (OSError, http.client.HTTPException, ValueError) as error:
            return Answer(0, {}, f"{type(error).__name__}: {error}")

    def _mask(self, text: str) -> str:
        return text.replace(self._config.github_token, "***")


def _lower(headers: Message) -> dict[str, str]:
    return {name.lower(): value for name, value in headers.items()}


def _message(error: object) -> str:
    """Return the message of an error body, as much as there is."""
    try:
        text = error.read(10_000).decode(errors="replace")  # type: ignore[attr-defined]
    except OSError:
        return ""
    try:
        return str(json.loads(text)["message"])
    except (ValueError, TypeError, KeyError):
        return str(text)[:200]


def _wait(answer: Answer, pause: float) -> float | None:
    """Return the seconds after which another attempt makes sense; None if none does."""
    limited = answer.status == 429 or (
        answer.status == 403
        and (
            "retry-after" in answer.headers
            or answer.headers.get("x-ratelimit-remaining") == "0"
            or "secondary rate limit" in answer.text.lower()
        )
    )
    if answer.status != 0 and answer.status < 500 and not limited:
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdigit():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")
    if limited and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdigit():
        return max(0.0, float(reset) - time.time())
    return pause * random.uniform(0.5, 1.5)


def _cut(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= LONGEST else flat[: LONGEST - 1] + "…"


class BackgroundReporter:
    """Posts statuses one after the other from a thread, so that the scheduler never waits."""

    def __init__(self, reporter: StatusReporter) -> None:
        self._reporter = reporter
        self._queue: queue.SimpleQueue[tuple[str, str, str, str, str] | None]
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="statuses", daemon=True)
        self._thread.start()

    def post(self, state: str, sha: str, context: str, description: str, url: str = "") -> None:
        """Post when those before are done."""
        self._queue.put((state, sha, context, description, url))

    def close(self, budget: float) -> bool:
        """Wait at most `budget` seconds for what is queued; return whether all was posted."""
        self._queue.put(None)
        self._thread.join(budget)
        return not self._thread.is_alive()

    def _work(self) -> None:
        while (item := self._queue.get()) is not None:
            self._reporter.post(*item)


def _post(state: str, sha: str, context: str, description: str, url: str) -> bool:
    try:
        config = settings.load()
    except settings.SettingsError as error:
        print(f"status {state} of {context} was not posted: {error}")
        return False
    return StatusReporter(config, print).post(state, sha, context, description, url)


def status_pending(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say, with the settings of the environment, that a commit is being checked."""
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
