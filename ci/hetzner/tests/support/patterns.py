"""The regular expressions of packages, and hostile texts for them. As a program it matches them.

Each is matched as the code does it. The place of a pattern is printed before it is tried.
"""

from __future__ import annotations

import ast
import importlib
import re
import sys
from collections.abc import Iterator
from pathlib import Path

LIB = Path(__file__).parents[2] / "lib"
LENGTH = 100_000  # characters: seconds for a pattern whose work grows with the square
METHODS = {"match", "search", "fullmatch", "sub", "split", "findall", "finditer"}
STARTS = ("", "X:", "a", "[00:00:00] PASS  ", "GET ", "http://")
UNITS = (" ", "\t", "a", "0", "/", ".", "-", "é", "\r", "a ", "0.", "\x1b[")


class Pattern:
    """A regular expression where it is used, and how."""

    def __init__(
        self, where: str, method: str, pattern: re.Pattern[str] | re.Pattern[bytes]
    ) -> None:
        self.where = where
        self._match = getattr(pattern, method if method.endswith("match") else "search")
        self._of_bytes = isinstance(pattern.pattern, bytes)

    def match(self, text: str) -> None:
        """Match a text as the code does."""
        self._match(text.encode("latin-1") if self._of_bytes else text)


def of_packages(names: tuple[str, ...]) -> Iterator[Pattern]:
    """Yield the patterns of packages of `lib`, but those that are made while the code runs."""
    for name in names:
        for path in sorted((LIB / name).glob("*.py")):
            yield from _of_module(path, f"lib.{name}.{path.stem}")


def _of_module(path: Path, name: str) -> Iterator[Pattern]:
    known = vars(importlib.import_module(name))
    for its_name, value in known.items():
        if isinstance(value, re.Pattern):  # it may be an argument of the call that matches
            yield Pattern(f"{name}.{its_name}", "fullmatch", value)
    for node in ast.walk(ast.parse(path.read_text())):
        if not (isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)):
            continue
        if node.func.attr not in METHODS:
            continue
        try:
            found = eval(ast.unparse(node.func.value), known)
            if found is re:
                found = re.compile(eval(ast.unparse(node.args[0]), known))
        except (NameError, AttributeError):  # a name within a function
            continue
        if isinstance(found, re.Pattern):
            yield Pattern(f"{name}:{node.lineno}", node.func.attr, found)


def hostile() -> Iterator[str]:
    """Yield long texts that match nearly, to their last character."""
    for start in STARTS:
        for unit in UNITS:
            yield f"{start}{unit * (LENGTH // len(unit))}\x01"


if __name__ == "__main__":
    texts = [*hostile()]
    for pattern in of_packages(tuple(sys.argv[1:])):
        print(pattern.where, flush=True)
        for text in texts:
            pattern.match(text)
