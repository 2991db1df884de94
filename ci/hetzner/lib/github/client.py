"""One request to GitHub's API, and the meaning of its answer for the next one.

Source: "REST API endpoints for commit statuses", docs.github.com/en/rest/commits/statuses, and
"Best practices for using the REST API" for limits, redirects and when to try again. Unaware of
budgets, logs and runs.
"""

from __future__ import annotations

import json
import random
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from lib.common import json_text, program_end, redact, threads
from lib.common.plain_text import complaint

VERSION = "2022-11-28"
REDIRECTS = (301, 302, 307, 308)  # a repository that was renamed answers with one
MOST_REDIRECTS = 3
LONGEST_ANSWER = 10_000  # bytes of an error's body
LONGEST_BODY = 20_000_000  # bytes of a body that is asked for

REMEDIES = {
    401: "GITHUB_TOKEN is not valid (any more): make a new one",
    403: "give the token the right to write commit statuses",
    404: "check GITHUB_REPO, and that the token may write its commit statuses",
    422: "the commit must be pushed, and take less than 1000 statuses of a context",
}


@dataclass(frozen=True, slots=True)
class Response:
    """The answer to a request; status 0 if no whole answer came."""

    status: int
    text: str = ""
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case

    @property
    def limited(self) -> bool:
        """Whether this is a rate limit, for which GitHub uses 403 as well as 429."""
        return self.status == 429 or (
            self.status == 403
            and (
                "retry-after" in self.headers
                or self.headers.get("x-ratelimit-remaining") == "0"
                or "secondary rate limit" in self.text.lower()
            )
        )

    def __str__(self) -> str:
        """Return one line: the expected answer, this one, and the remedy."""
        if self.limited:
            remedy = "a rate limit: post less, or wait until it is over"
        else:
            remedy = REMEDIES.get(self.status, "see that GITHUB_API_URL is right and answers")
        found = f"{self.status} {self.text}" if self.status else self.text
        return f"expected 201, found {redact.shorten(' '.join(found.split()), 200)}; {remedy}"


class Repository(NamedTuple):
    """The repository whose statuses are posted, and the token for it."""

    api_url: str
    token: str
    name: str  # owner/name


def post_status(
    repository: Repository, sha: str, body: Mapping[str, str], timeout: float
) -> Response:
    """Post one commit status and return the answer, after `timeout` seconds at the latest.

    Never raises for an error of the network or the server, or for a lack of descriptors.
    """
    try:
        import urllib.parse  # late: only runs with a token post
        import urllib.request
    except OSError as error:
        return Response(0, f"the modules that post a status cannot be loaded: {error}")

    url = f"{repository.api_url}/repos/{repository.name}/statuses/{urllib.parse.quote(sha, '')}"
    headers = {**_headers(repository), "Content-Type": "application/json"}
    data = json.dumps(body).encode()
    # the socket's own timeout only ends a thread that was left behind: equal ones would race
    return _within(timeout, lambda: _follow(url, data, headers, 2 * timeout))


def get(repository: Repository, path: str, timeout: float) -> Response:
    """Return the answer for a path of a repository, such as `/commits/SHA/status?page=2`.

    Its text is the whole body. Without a token it asks as anybody may. Never raises, as the other.
    """
    import urllib.request  # noqa: F401 - late, and in this thread: see `post_status`

    url = f"{repository.api_url}/repos/{repository.name}{path}"
    return _within(timeout, lambda: _follow(url, None, _headers(repository), 2 * timeout))


def _headers(repository: Repository) -> dict[str, str]:
    token = {"Authorization": f"Bearer {repository.token}"} if repository.token else {}
    return {
        **token,
        "Accept": "application/vnd.github+json",
        "User-Agent": "ci-runner",
        "X-GitHub-Api-Version": VERSION,
    }


def pause_before_retry(answer: Response, pause: float) -> float | None:
    """Return the seconds after which another attempt makes sense; None if none does.

    `pause` is the caller's own, in seconds; it gets some jitter, so that runners which failed
    together do not come back together.
    """
    if 0 < answer.status < 500 and not answer.limited:
        return None
    after = answer.headers.get("retry-after", "")
    if after.isdecimal():
        return float(after)
    reset = answer.headers.get("x-ratelimit-reset", "")  # seconds since the epoch
    if answer.limited and answer.headers.get("x-ratelimit-remaining") == "0" and reset.isdecimal():
        return max(0.0, float(reset) - time.time())
    return pause * random.uniform(0.5, 1.5)


def _within(timeout: float, request: Callable[[], Response]) -> Response:
    """Return the answer of a request, or that none came in time.

    A socket's timeout starts again with each byte, and a look-up of a name has none at all, so
    the request runs in a thread that is left behind when it takes too long.
    """
    answers: list[Response] = []
    thread = threading.Thread(target=lambda: answers.append(request()), daemon=True)
    try:
        threads.start(thread)
    except RuntimeError:  # no thread can be started: then the socket's timeout has to do
        return request()
    thread.join(timeout)
    if answers:
        return answers[0]
    program_end.join_at_exit(thread, 2 * timeout)
    return Response(0, f"no whole answer within {timeout:.1f} s")


def _follow(url: str, data: bytes | None, headers: Mapping[str, str], timeout: float) -> Response:
    """Post, or get if there is no data; again after a redirect on the same host.

    The token is for no other host.
    """
    import urllib.parse

    answer = _send(url, data, headers, timeout)
    for _ in range(MOST_REDIRECTS):
        if answer.status not in REDIRECTS:
            break
        target = urllib.parse.urljoin(url, answer.headers.get("location", ""))
        if urllib.parse.urlsplit(target)[:2] != urllib.parse.urlsplit(url)[:2]:
            return Response(
                answer.status, "a redirect to another host, which must not see the token"
            )
        answer = _send(target, data, headers, timeout)
    return answer


def _send(url: str, data: bytes | None, headers: Mapping[str, str], timeout: float) -> Response:
    import http.client
    import urllib.error
    import urllib.request

    class NoRedirect(urllib.request.HTTPRedirectHandler):
        def redirect_request(self, *_: object) -> None:
            return None

    try:
        request = urllib.request.Request(url, data, dict(headers))
        try:
            with urllib.request.build_opener(NoRedirect).open(request, timeout=timeout) as taken:
                text = taken.read(LONGEST_BODY).decode(errors="replace") if data is None else ""
                return Response(taken.status, text)
        except urllib.error.HTTPError as error:
            with error:
                names = {name.lower(): value for name, value in error.headers.items()}
                return Response(error.code, _message(error.read(LONGEST_ANSWER)), names)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return Response(0, complaint(error))


def _message(body: bytes) -> str:
    """Return the message of an error's body, or its beginning if it is not GitHub's JSON."""
    text = body.decode(errors="replace")
    try:
        return str(json_text.parse(text)["message"])
    except (ValueError, TypeError, KeyError):
        return text
