"""Reads the values of flags: expected, found."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from lib.common import redact

LONGEST = 40  # characters of a value that is shown


def names(text: str) -> list[str]:
    """Return the words in a list that is separated by commas."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("expected names separated by commas, found none")
    return found


def count(text: str) -> int:
    """Return a number of 1 or more, of at most 15 digits: a database keeps such numbers."""
    if not (text.isdecimal() and text.isascii() and len(text) <= 15 and int(text)):
        found = redact.shorten(text, LONGEST)
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {found!r}")
    return int(text)


def at_most(most: int) -> Callable[[str], int]:
    """Return what reads a number of 1 or more with this bound."""

    def bounded(text: str) -> int:
        number = count(text)
        if number > most:
            raise argparse.ArgumentTypeError(f"expected at most {most}, found {number}")
        return number

    return bounded


def seconds(text: str) -> float:
    """Return seconds, more than none."""
    try:
        value = float(text)
    except ValueError:
        value = 0.0
    if not 0 < value < 1e9:
        raise argparse.ArgumentTypeError(f"expected seconds, more than 0, found {text!r}")
    return value


def percent(text: str) -> float:
    """Return a percentage from 0 to 100."""
    try:
        value = float(text)
    except ValueError:
        value = -1.0
    if not 0 <= value <= 100:
        raise argparse.ArgumentTypeError(f"expected a percentage from 0 to 100, found {text!r}")
    return value


def seed(text: str) -> int:
    """Return the seed of a random order."""
    if not text.isdecimal():
        raise argparse.ArgumentTypeError(
            f"expected a seed, such as 7, or none, found {text!r} (a SHA goes before --shuffle)"
        )
    return int(text)
