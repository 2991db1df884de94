"""Reads the values of flags: expected, found."""

from __future__ import annotations

import argparse


def names(text: str) -> list[str]:
    """Return the words in a list that is separated by commas."""
    found = [name.strip() for name in text.split(",") if name.strip()]
    if not found:
        raise argparse.ArgumentTypeError("expected names separated by commas, found none")
    return found


def count(text: str) -> int:
    """Return a number of 1 or more."""
    if not text.isdigit() or int(text) < 1:
        raise argparse.ArgumentTypeError(f"expected a number of 1 or more, found {text!r}")
    return int(text)


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
