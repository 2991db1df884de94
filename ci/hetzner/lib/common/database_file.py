"""Moves the file of an SQLite database. Without sqlite3, which takes a while to import."""

from __future__ import annotations

from pathlib import Path

from lib.common import tree_copy


def move_aside(path: Path, aside: Path) -> None:
    """Rename a database; its journal goes first, so that the next one has none from the start."""
    Path(f"{path}-shm").unlink(missing_ok=True)
    for journal in ("-wal", "-journal", ""):
        source, target = Path(f"{path}{journal}"), Path(f"{aside}{journal}")
        tree_copy.remove(target)
        if source.exists():
            source.rename(target)
