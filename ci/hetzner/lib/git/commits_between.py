"""Lists the commits between two others."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from lib.common import ref_names
from lib.git.git_command import CheckoutError, git

OFFLINE = {"GIT_NO_LAZY_FETCH": "1"}  # a clone without all objects fetches none for a view (git(1))


class Commit(NamedTuple):
    """A commit. Author and subject are the words of a stranger: they may hold any characters."""

    sha: str
    author: str
    subject: str


class Commits(NamedTuple):
    """The commits that a new one has and an old one lacks, the newest first.

    `newest` are some of them, `total` is their number, and `lost` that of commits that only the old
    one has: its branch was rewritten, or is another one.
    """

    newest: tuple[Commit, ...]
    total: int
    lost: int


def between(repo: Path, old: str, new: str, most: int) -> Commits:
    """Return the commits between two full SHAs, `most` of them with their words.

    Raises CheckoutError if the repository lacks one of them.
    """
    for sha in (old, new):
        if not ref_names.is_commit(sha):
            raise CheckoutError(f"expected the full SHA of a commit, found {sha!r}")
    both = ("rev-list", "--left-right", "--count", f"{old}...{new}", "--")
    lost, total = map(int, git(repo, *both, variables=OFFLINE).split())
    form = ("--no-show-signature", "--encoding=UTF-8", "--format=%H%x00%an%x00%s")
    asked = ("log", "-z", *form, f"--max-count={most}", f"{old}..{new}", "--")
    words = git(repo, *asked, variables=OFFLINE).removesuffix("\0").split("\0")
    rows = zip(words[::3], words[1::3], words[2::3], strict=False)
    return Commits(tuple(Commit(*row) for row in rows), total, lost)
