"""Turns commands for a shell into argument vectors. Pure."""

from __future__ import annotations

import shlex


def vector(command: str) -> tuple[str, ...]:
    """Return the words of a command; one that needs a shell is given to bash."""
    try:
        words = shlex.split(command)
    except ValueError:  # a quote that does not end
        words = []
    if words and shlex.join(words) == command:
        return tuple(words)
    return ("bash", "-c", command)
