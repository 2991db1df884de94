"""Text that is no more than text to whoever shows it. Pure."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return one line that no terminal takes for anything but text."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else "·" for c in text)
