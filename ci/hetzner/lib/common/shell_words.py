"""Turns commands for a shell into argument vectors, and back. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

SHELL = ("bash", "-c")


def vector(command: str) -> tuple[str, ...]:
    """Return the words of a command; one that needs a shell is given to bash."""
    try:
        words = shlex.split(command)
    except ValueError:  # a quote that does not end
        words = []
    if words and shlex.join(words) == command:
        return tuple(words)
    return (*SHELL, command)


def command(words: Sequence[str]) -> str:
    """Return the command for a shell that `vector` made these words of."""
    given = words[-1] if len(words) == len(SHELL) + 1 else ""
    return given if given and vector(given) == tuple(words) else shlex.join(words)
