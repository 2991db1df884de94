"""Tells the program that started a run the name of the run's directory, by a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib.common import files


def write(path: str, name: str, say: Callable[[str], None]) -> None:
    """Write a name, as one line, into a file if there is one to write; a failure is a note."""
    if not path:
        return
    try:
        files.atomic_write(Path(path), f"{name}\n", durable=False, sweeps=False)
    except OSError as error:
        say(f"NOTE  {path} does not get the name of this run: {error}")
