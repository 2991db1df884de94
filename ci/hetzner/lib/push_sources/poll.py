"""Asks a repository for its branches, and queues those that moved: no webhook reaches the box."""

from __future__ import annotations

import fnmatch
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.store import CommitQueue
from lib.common.ref_names import is_branch, is_commit
from lib.git.git_command import git
from lib.push_sources.received import HEADS
from lib.push_sources.seen_tips import SeenTips

PATIENCE = 60.0  # seconds for the remote's answer


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
    told = git(Path("/"), "ls-remote", "--heads", "--", url, timeout=PATIENCE, remedy=remedy)
    pairs = (line.split("\t", 1) for line in told.split("\n") if "\t" in line)
    named = ((ref.removeprefix(HEADS), sha) for sha, ref in pairs)
    return {branch: sha for branch, sha in named if is_branch(branch) and is_commit(sha)}


def poll(
    queue: CommitQueue, url: str, seen: SeenTips, globs: Sequence[str], *, every: bool
) -> Iterator[Entry]:
    """Queue the branches that moved since the last poll; yield the entry of each.

    The first poll takes note of them all and queues none, unless `every` one is to be queued, moved
    or not. Only branches that match one of `globs` are queued, but note is taken of all. A kill
    between queue and note queues a branch again, which joins its entry. Raises CheckoutError,
    ValueError, OSError; nothing is forgotten then.
    """
    before = seen.read()
    found = tips(url)
    for branch, sha in sorted(found.items()):
        moved = before is not None and before.get(branch) != sha
        if (every or moved) and any(fnmatch.fnmatchcase(branch, glob) for glob in globs):
            yield queue.push(Push(sha, Ref(branch), "poll"))
    if found != before:
        seen.write(found)
