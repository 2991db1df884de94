"""A command for a shell, laid out for people. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.common import shell_words
from lib.page.markup import Html, join, tag

LONGEST = 40  # characters of a flag that is kept on one line


def command(words: Sequence[str]) -> Html:
    """Return a command in which no short flag is broken, as browsers do after its hyphens."""
    shown = map(_word, shell_words.command(words).split(" "))
    return tag("code", join(shown, Html(" ")), class_="command")


def _word(word: str) -> str:
    whole = word.startswith("-") and len(word) <= LONGEST
    return tag("span", word, class_="flag") if whole else word
