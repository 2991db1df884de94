"""The commits to which the branches of a remote led when it was asked last: a file."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from lib.common import files, json_text
from lib.common.ref_names import is_branch, is_commit


class SeenTips:
    """The file; the caller holds a lock."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> dict[str, str] | None:
        """Return the commit of each branch, None before the first time.

        Raises ValueError for a damaged file, OSError.
        """
        try:
            content = files.read(self._path)
        except FileNotFoundError:
            return None
        try:
            found = json_text.parse(content)
            fine = all(is_branch(name) and is_commit(sha) for name, sha in found.items())
        except (ValueError, AttributeError, TypeError):
            fine = False
        if not fine:
            raise ValueError(
                f"{self._path}: expected the commit of each branch, found another text: remove "
                "the file, and the next poll takes the branches as they are"
            )
        return dict(found)

    def write(self, tips: Mapping[str, str]) -> None:
        """Keep the commit of each branch; the others are forgotten. Raises OSError."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        files.atomic_write(self._path, json.dumps(tips, indent=0, sort_keys=True))
