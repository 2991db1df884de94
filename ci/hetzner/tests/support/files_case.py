"""A directory for the tests of files and locks."""

from __future__ import annotations

import tempfile
import unittest
from pathlib import Path


class FilesCase(unittest.TestCase):
    """The path of a file in a directory of its own."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name)
        self.path = self.top / "file"

    def names(self) -> list[str]:
        return sorted(path.name for path in self.top.iterdir())
