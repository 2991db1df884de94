"""A promised output, and acts on it that may count as writing it."""

from __future__ import annotations

import os
import tempfile
import unittest
from collections.abc import Callable
from pathlib import Path

from lib.outputs import written as outputs

LONG_AGO = (1_000_000_000, 1_000_000_000)


class WrittenCase(unittest.TestCase):
    """A path `out` in a directory of its own, and whether an act counts as writing it."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name)
        self.path = self.top / "out"

    def old(self, name: str, text: str = "old") -> Path:
        path = self.top / name
        path.write_text(text)
        os.utime(path, LONG_AGO)
        return path

    def old_tree(self) -> None:
        (self.path / "sub").mkdir(parents=True)
        (self.path / "sub" / "file").write_text("old")

    def assert_written(self, act: Callable[[], object]) -> None:
        before = self.signature()
        act()
        self.assertTrue(outputs.written_since(before, self.path))

    def assert_not_written(self, act: Callable[[], object]) -> None:
        before = self.signature()
        act()
        self.assertFalse(outputs.written_since(before, self.path))

    def signature(self) -> outputs.Signature | None:
        """Return it when the next change moves the change time, as at the start of an attempt."""
        before = outputs.signature(self.path)
        while outputs.is_fresh(before):
            pass
        return before
