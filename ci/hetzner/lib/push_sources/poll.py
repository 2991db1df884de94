"""Asks a repository where its branches are, and puts right what the queue knows of them.

Where no webhook reaches the box this finds the pushes. Beside a webhook it mends what a delivery
told that was lost, or that came too late to be put in order.
"""

from __future__ import annotations

import fnmatch
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from lib.commit_queue.entry import Deletion, Entry
from lib.common.ref_names import is_branch, is_commit
from lib.git.git_command import git
from lib.push_sources.hook_input import HEADS

PATIENCE = 60.0  # seconds for the remote's answer
DOUBT = 10.0  # seconds until the remote is asked again: one of its servers may lag behind


class Branches(Protocol):
    """The queue, as far as the poll needs it: `CommitQueue`."""

    def tips(self) -> dict[str, str]:
        """Return the commit of each branch that it has heard of, '' for one that was deleted."""

    def correct(self, branch: str, known: str, found: str) -> Entry | Deletion | None:
        """Move a branch from one commit to another, if it still is at the first."""


class Seen(Protocol):
    """What the last poll found: `SeenTips`."""

    def read(self) -> dict[str, str] | None:
        """Return the commit of each branch, None before the first time."""

    def write(self, tips: Mapping[str, str]) -> None:
        """Keep the commit of each branch."""


class Move(NamedTuple):
    """A branch, with its commit by the last poll, by the queue, and by the remote; '' for none."""

    branch: str
    seen: str
    known: str | None  # None: the queue has heard nothing of the branch
    found: str


def tips(url: str) -> dict[str, str]:
    """Return the commit of each branch of a repository. Raises CheckoutError, ValueError.

    A branch whose name we refuse is left out. No checkout is asked: jobs may have changed the
    settings of its git, which would be those of this process.
    """
    if url.startswith("-") or not url.strip():
        raise ValueError(f"expected the URL of a repository, found {url!r}")
    if re.match(r"https?://[^/]*@", url):  # every user of the machine sees git's command line
        raise ValueError(
            "expected a URL without a password or token, found one before the @: let git read it "
            "from a credential helper, or use a deploy key"
        )
    remedy = "see that the repository is there and answers; the next poll tries again"
    listed = git(Path("/"), "ls-remote", "--heads", "--", url, timeout=PATIENCE, remedy=remedy)
    pairs = (line.split("\t", 1) for line in listed.split("\n") if "\t" in line)
    named = ((ref.removeprefix(HEADS), sha) for sha, ref in pairs)
    return {branch: sha for branch, sha in named if is_branch(branch) and is_commit(sha)}


def poll(
    queue: Branches,
    ask: Callable[[], dict[str, str]],
    seen: Seen,
    globs: Sequence[str],
    *,
    every: bool,
    wait: Callable[[], object] = lambda: time.sleep(DOUBT),
) -> Iterator[Entry | Deletion]:
    """Bring the queue to where a remote's branches are; yield the entry or the deletion of each.

    `ask` returns where they are. Only branches that match one of `globs` are touched, but note is
    taken of all. A branch of which the queue has never heard is queued if it has moved since the
    last poll: the first one takes note of those, and queues none. With `every` one, all are queued.
    If somebody else has told the queue of a branch since the last poll, and otherwise than the
    remote, that is asked once more after a `wait`. Raises CheckoutError, ValueError, OSError.
    """
    before, known, found = seen.read(), queue.tips(), ask()
    if not found and (known or before):  # the remote is being moved: that deletes no branch
        return
    last = found if before is None else before
    moves = [
        Move(branch, last.get(branch, ""), known.get(branch), found.get(branch, ""))
        for branch in sorted({*known, *found})
        if any(fnmatch.fnmatchcase(branch, glob) for glob in globs)
    ]
    wrong = [move for move in moves if _is_wrong(move) or (every and move.found)]
    if any(map(_is_doubtful, wrong)):
        wait()
        again = ask()
        wrong = [m for m in wrong if not _is_doubtful(m) or again.get(m.branch, "") == m.found]
    for move in wrong:
        done = queue.correct(move.branch, move.known or "", move.found)
        if done:
            yield done
    if found != before:
        seen.write(found)


def _is_wrong(move: Move) -> bool:
    """Whether the queue has to be told: not of a branch that it does not know and that stands."""
    if move.known is None:
        return move.found not in ("", move.seen)
    return move.found != move.known


def _is_doubtful(move: Move) -> bool:
    """Whether somebody else has told the queue otherwise since the last poll."""
    return _is_wrong(move) and move.known not in (None, move.seen)
