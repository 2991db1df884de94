"""Refuses a first word that is neither a command nor a commit, with the nearest of both."""

from __future__ import annotations

import re
from pathlib import Path

from lib.commands import front_door
from lib.common import redact
from lib.git import checkout
from lib.git.checkout import CheckoutError

FULL_SHA = re.compile(r"[0-9a-f]{40}")
OTHER_COMMANDS = ("simulate", "queue", "corpus")  # of pipeline.py alone


def refuse_unknown(word: str, repo: Path) -> None:
    """Raise ValueError for a word that no commit of the checkout has as a name.

    A full SHA may be fetched yet, and an error of git is not that of the word: for these the run
    itself tells the reason.
    """
    if FULL_SHA.fullmatch(word) or word.startswith("-"):
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
