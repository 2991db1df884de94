"""The command `queue poll`: asks a repository for its branches, and queues those that moved."""

from __future__ import annotations

import argparse
import functools

from lib.commands import answer
from lib.commit_queue import paths
from lib.commit_queue.entry import Deletion, Entry
from lib.common import locks
from lib.git.checkout import CheckoutError
from lib.push_sources import poll
from lib.push_sources.seen_tips import SeenTips
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

NOTE = (
    "NOTE: the repository did not tell the last poll where its branches are: "
    "`journalctl -u ci-poll` has git's words"
)
SUMMARY = "Queue the branches of a repository that moved since the last poll."

NONE = "no branch to queue"
FIRST = "took note of where the branches are: from now on a poll queues those that move"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "url", nargs="?", metavar="URL", help="the repository (default: CI_REPO_URL)"
    )
    parser.add_argument(
        "--branches",
        metavar="GLOBS",
        type=lambda text: text.split(","),
        default=["*"],
        help="queue only these: main,release/* (default: all)",
    )
    parser.add_argument(
        "--all",
        action="store_true",
        help="queue them whether or not they moved; without it the first poll queues none",
    )


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Poll once, and print each entry. Raises LookupError, ValueError, OSError."""
    url = given.url or site.settings.repo_url
    if not url:
        raise ValueError(
            "expected the URL of a repository, found none: name it, or set CI_REPO_URL"
        )
    directory = paths.directory(site.state_dir)
    try:
        with locks.lock(directory / "poll.lock", "queue poll", timeout=0):
            seen = SeenTips(directory / "polled.json")
            ask = functools.partial(poll.tips, url)
            none = FIRST if seen.read() is None else NONE
            done = poll.poll(site.queue, ask, seen, given.branches, every=given.all)
            lines = list(map(_line, done)) or [none]
    except locks.LockTimeoutError as error:
        raise LookupError(str(error)) from error
    except CheckoutError as error:
        site.queue.set_note(NOTE)  # readers of /health need no token: git's words are not for them
        raise LookupError(str(error)) from error
    site.queue.set_note("")
    return answer.lines(lines)


def _line(done: Entry | Deletion) -> str:
    if isinstance(done, Deletion):
        return f"{done.ref.text} was deleted"
    return entry_text.line(done)
