"""Finds the files outside of a tree that the command of a job names, in whatever place of it.

A command is text for a shell: which of its words are files cannot be known for certain. So each
word that leads to a file outside counts, with quotes taken away, variables put in, and the
directories that the command changes to. The target of a redirection is none: the job writes it.
"""

from __future__ import annotations

import itertools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path

WORD = re.compile(r"[^\s;&|<>()'\"`]+")
ASSIGNMENT = re.compile(r"(?:^|[\s;&|(])(\w+)=['\"]?([^\s;&|()'\"]*)")
WRITTEN = re.compile(r">>?\|?\s*['\"]?([^\s;&|<>()'\"`]+)")  # the target of a redirection
VARIABLE = re.compile(r"\$(\w+)|\$\{(\w+)\}")
CHANGES = frozenset({"cd", "pushd", "-C", "--directory"})  # the next word is a directory


def outside(cmd: str | Sequence[str], env: Mapping[str, str], place: Path, tree: Path) -> list[str]:
    """Return the files outside of `tree` that a command names; it starts in `place` with `env`."""
    texts = [cmd] if isinstance(cmd, str) else list(cmd)
    known = dict(env)
    for text in texts:
        known.update(ASSIGNMENT.findall(text))
    words = [_expanded(word, known) for text in texts for word in WORD.findall(text)]
    places = [place]
    for before, word in itertools.pairwise(words):
        if before in CHANGES:
            places.append(place / word)
    written = {_expanded(word, known) for text in texts for word in WRITTEN.findall(text)}
    top = os.path.realpath(tree)
    parts = [part for word in words if word not in written for part in _parts(word)]
    found = dict.fromkeys(os.path.realpath(each / part) for part in parts for each in places)
    return [path for path in found if _is_file(path) and not Path(path).is_relative_to(top)]


def _is_file(path: str) -> bool:
    return os.path.isfile(path)  # noqa: PTH113 - no Path for each word of a command


def _expanded(word: str, env: Mapping[str, str]) -> str:
    """Return a word with its variables, and the home in place of a tilde."""
    for _ in range(2):  # a variable of the command may be made of another
        word = VARIABLE.sub(lambda found: env.get(found[1] or found[2], ""), word)
    return env.get("HOME", "~") + word[1:] if word.startswith("~/") else word


def _parts(word: str) -> tuple[str, ...]:
    """Return a word, and the value if it is an option or a variable with one."""
    _, _, value = word.partition("=")
    return tuple(part for part in (word, value) if part and "\0" not in part)
