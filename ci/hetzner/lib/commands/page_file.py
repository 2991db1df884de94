"""Writes a page to the file that a user names."""

from __future__ import annotations

from pathlib import Path

from lib.commands import answer
from lib.common import files, redact


def write(name: str, page: str) -> int:
    """Write a page without secrets, and tell its path; return the exit code.

    Raises ValueError if something other than a file is there, and OSError.
    """
    path = Path(name)
    if kind := files.another_kind(path):
        raise ValueError(f"--html: expected a file or a new name, found {kind} at {path}")
    try:
        files.atomic_write(path, redact.of_environment()(page), sweeps=False)
    except OSError as error:
        text = f"--html: expected a place that can be written to, found {path}: {error.strerror}"
        raise OSError(text) from error
    return answer.lines([f"wrote {path.absolute()}"])
