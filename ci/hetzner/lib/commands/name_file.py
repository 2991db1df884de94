"""Tells the program that started a run the name of the run's directory, by a file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from lib.common import files
from lib.model.events import Event, Listener, RunDeclared


def listener(path: str) -> Listener:
    """Return a listener that writes the name of a run when it is declared."""

    def listen(event: Event) -> None:
        if isinstance(event, RunDeclared):
            _write(path, event.run)

    return listen


def write(path: str, name: str, say: Callable[[str], None]) -> None:
    """Write a name into a file if there is one to write; a failure is a note."""
    if not path:
        return
    try:
        _write(path, name)
    except OSError as error:
        say(f"NOTE  {path} does not get the name of this run: {error}")


def _write(path: str, name: str) -> None:
    """Write a name as one line. Raises OSError."""
    files.atomic_write(Path(path), f"{name}\n", durable=False, sweeps=False)
