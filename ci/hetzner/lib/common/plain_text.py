"""Makes text safe to show on a terminal. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return one line without characters that control a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else "·" for c in text)
