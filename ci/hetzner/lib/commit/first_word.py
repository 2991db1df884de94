"""Refuses a first word that is neither a command nor a commit, with the nearest of both."""

from __future__ import annotations

from pathlib import Path

from lib.commands import front_door
from lib.commit.command_line import OTHER_COMMANDS
from lib.common import redact, ref_names
from lib.git import checkout
from lib.git.checkout import CheckoutError
from lib.model.names import close

NEAR = 0.75  # of difflib: how near to a command a word is that has another one behind it


def refuse_unknown(word: str, repo: Path, *, alone: bool = True) -> None:
    """Raise ValueError for a word that no commit of the checkout has as a name.

    A full SHA may be fetched yet, and an error of git is not that of the word: for these the run
    itself tells the reason. With a branch behind it, so not `alone`, it is refused only if it is
    near to a command.
    """
    if ref_names.is_commit(word) or word.startswith("-"):
        return
    try:
        checkout.resolve(repo, word)
        return
    except CheckoutError:
        names = _names(repo)
    if word in names or not names:
        return
    if word in (*front_door.COMMANDS, *OTHER_COMMANDS):
        raise ValueError(f"expected the command first, found {word!r} behind flags: begin with it")
    if not alone and not close(word, (*front_door.COMMANDS, *OTHER_COMMANDS), NEAR):
        return
    known = (*OTHER_COMMANDS, *names)
    sentence = front_door.unknown(word, known, "a command or a commit")
    raise ValueError(redact.shorten(sentence, 300))


def _names(repo: Path) -> list[str]:
    """Return the branches and tags of a checkout, none if git does not tell."""
    try:
        found = checkout.git(repo, "for-each-ref", "--format=%(refname:lstrip=2)")
    except CheckoutError:
        return []
    remote = (name.partition("/")[2] for name in found.splitlines() if "/" in name)
    return ["HEAD", *found.splitlines(), *remote]
