"""Tells one runner from another: the same one must not find two outcomes on one commit."""

from __future__ import annotations

import hashlib
from pathlib import Path

from lib.common import files, redact

PARTS = ("pipeline.py", "dsl.py", "lib", "jobs")
SHOWN = 12  # digits


def of_directory(directory: Path) -> str:
    """Return a name that changes with any file of a runner. Raises OSError."""
    total = hashlib.sha256()
    for part in PARTS:
        top = directory / part
        paths = [top] if top.is_file() else sorted(top.rglob("*"))
        for path in paths:
            if path.is_file() and "__pycache__" not in path.parts:
                content = files.read(path)
                name = str(path.relative_to(directory))
                total.update(f"{name} {len(content)}\n".encode(errors="surrogateescape") + content)
    return total.hexdigest()[:SHOWN]


def of_command(command: str) -> str:
    """Return the name of a runner that is a command: the command itself, without secrets."""
    return redact.shorten(command, 200)
