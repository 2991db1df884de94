"""The library without the repository under test: no other room knows it, and all do without it."""

from __future__ import annotations

import ast
import os
import re
import unittest
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import nodes_of

HOME = Path(__file__).resolve().parents[2]
LIB = HOME / "lib"
OF_BUCKAROO = ("buckaroo", "commit")  # rooms
# what only the jobs of buckaroo know; the library's own argument is `pytest_workers`
NAMES = re.compile(
    r"buckaroo|jupyter|ipykernel|marimo|storybook|pyodide|pnpm_store|\bpnpm store|node_modules"
    r"|wheel|chromium|venvs|port_(?:server|mcp)|8889|8701",
    re.IGNORECASE,
)
# files of the library that may name a tool of buckaroo, with the reason
MAY_NAME = {
    "outputs/near_misses.py": "directories whose names no search goes into",
    "git/exact_tree.py": "directories that a clean leaves, since they are slow to make anew",
}


def rooms() -> Iterator[Path]:
    for path in sorted([HOME / "dsl.py", *LIB.glob("*/*.py")]):
        if path.parent.name not in OF_BUCKAROO and relative(path) not in MAY_NAME:
            yield path


def relative(path: Path) -> str:
    return os.path.relpath(path, LIB)


def words(path: Path) -> Iterator[tuple[int, str]]:
    """Yield names, texts and docstrings of a file, each with its line; comments are not code."""
    for node in nodes_of(path):
        line = getattr(node, "lineno", 0)
        for field in ("id", "attr", "arg", "name", "module"):
            if isinstance(text := getattr(node, field, None), str):
                yield line, text
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield line, node.value


class Library(unittest.TestCase):
    def test_no_other_room_names_a_thing_of_buckaroo(self) -> None:
        found = [
            f"{relative(path)}:{line}: {text}"
            for path in rooms()
            for line, text in words(path)
            if NAMES.search(text)
        ]
        self.assertEqual(found, [])

    def test_exceptions_are_needed(self) -> None:
        for name in MAY_NAME:
            self.assertTrue(any(NAMES.search(text) for _, text in words(LIB / name)), name)


if __name__ == "__main__":
    unittest.main()
