"""The words that call the program of a pipeline again."""

from __future__ import annotations

import shlex
import sys
from collections.abc import Sequence
from pathlib import Path


def words() -> list[str]:
    """Return the words that start this program, none if its text came with `-c` or on stdin."""
    spec = getattr(sys.modules["__main__"], "__spec__", None)
    if spec is not None and spec.name != "__main__":  # python3 -m; a directory has that name
        return ["python3", "-m", spec.name.removesuffix(".__main__")]
    if sys.argv[0] in ("", "-", "-c"):
        return []
    return ["python3", str(Path(_here(), sys.argv[0]))]


def in_shell(command: Sequence[str]) -> str:
    """Return a command for any shell: relative paths of the pipeline begin in this directory."""
    place = f"cd {shlex.quote(here)} && " if (here := _here()) else ""
    return f"{place}{shlex.join(command)}"


def _here() -> str:
    """Return the current directory, '' if it was removed."""
    try:
        return str(Path.cwd())
    except FileNotFoundError:
        return ""
