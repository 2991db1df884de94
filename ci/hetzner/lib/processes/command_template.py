"""A command whose words have fields in braces, such as `make {sha}`. Pure.

Each field is filled in only once: a branch may be named `{sha}`. What is filled in stays one word,
whatever it contains: where a shell reads the words, it is quoted. Those after ssh are read by a
shell (ssh(1)), and a word with blanks or other characters of a shell is taken for a script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.model import names

SHA, BRANCH = "{sha}", "{branch}"
LIKE_A_FIELD = re.compile(r"(?<!\$)\{[A-Za-z_]+\}")
SSH = frozenset({"ssh", "autossh"})


def has(words: Sequence[str], field: str) -> bool:
    """Whether a field is in one of the words."""
    return any(field in word for word in words)


def filled(words: Sequence[str], values: Mapping[str, str]) -> list[str]:
    """Return the words with the value of each field in its place."""
    fields = re.compile("|".join(map(re.escape, values)))
    by_ssh = _by_ssh(words)

    def fill(word: str) -> str:
        bare = fields.sub("", word)
        for_shell = by_ssh or (bare and shlex.quote(bare) != bare)

        def value(found: re.Match[str]) -> str:
            text = values[found[0]]
            return shlex.quote(text) if for_shell else text

        return fields.sub(value, word)

    return [fill(word) for word in words]


def appended(words: Sequence[str], more: Sequence[str]) -> list[str]:
    """Return the words with further ones behind them."""
    return [*words, *(map(shlex.quote, more) if _by_ssh(words) else more)]


def unknown_fields(words: Sequence[str], fields: Sequence[str]) -> str:
    """Return which fields of the words are none of these, '' if all are known.

    A script, a word with blanks, may have braces of its own.
    """
    found = [field for word in words if " " not in word for field in LIKE_A_FIELD.findall(word)]
    unknown = [
        f"{field}{names.nearest(field.lower(), fields)}" for field in found if field not in fields
    ]
    return f"expected {', '.join(fields)}, found {', '.join(unknown)}" if unknown else ""


def _by_ssh(words: Sequence[str]) -> bool:
    return any(Path(word).name in SSH for word in words)
