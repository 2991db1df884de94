"""A commit status, as GitHub's API takes it, and the results of posting one. Data only."""

from __future__ import annotations

import enum
import itertools
from collections.abc import Sequence
from typing import NamedTuple

from lib.common import redact

CONTEXT = "ci/hetzner"  # of the status of a whole run; those of jobs begin with it
MOST_TITLES = 5  # of failed test cases in a description
LONGEST = 140  # characters of a description
LONGEST_CONTEXT = 255  # characters


class Status(NamedTuple):
    """One status of one commit."""

    state: str  # pending, success, failure or error
    sha: str
    context: str
    description: str
    url: str = ""

    def body(self) -> dict[str, str]:
        """Return it as the API takes it; a URL that it would refuse is left out."""
        text = " ".join(self.description.split())
        body = {
            "state": self.state,
            "context": redact.shorten(self.context, LONGEST_CONTEXT),
            "description": redact.shorten(text, LONGEST),
        }
        if self.url.startswith(("http://", "https://")):
            body["target_url"] = self.url
        return body


def with_tests(text: str, failed: Sequence[str]) -> str:
    """Return a description with the titles of failed test cases, as many as fit later."""
    if not failed:
        return text
    titles = [name.rpartition("::")[2] or name for name in itertools.islice(failed, MOST_TITLES)]
    count = "1 failed test" if len(failed) == 1 else f"{len(failed)} failed tests"
    return f"{text}; {count}: {', '.join(titles)}"


class Delivery(enum.Enum):
    """The result of posting a status."""

    ACCEPTED = "GitHub accepted it"
    REFUSED = "GitHub will never accept it"
    UNDELIVERED = "no answer came, or one that may be another later"
