"""Which room of lib/ may import which: the table in docs/architecture.md and the imports."""

from __future__ import annotations

import ast
import re
import unittest
from collections.abc import Iterator
from pathlib import Path

HOME = Path(__file__).resolve().parents[2]
LIB = HOME / "lib"
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|$", re.MULTILINE)
DOORS = {"__init__.py", "cleanup.py", "lockcheck.py", "logserver.py", "status.py"}


def table() -> dict[str, set[str]]:
    """Return the rooms in the order of the table, each with those that it imports."""
    text = (
        (HOME / "docs" / "architecture.md")
        .read_text()
        .split("\n## Rooms", 1)[1]
        .split("\n## ", 1)[0]
    )
    return {room: set(re.findall(r"`(\w+)`", imports)) for room, imports in ROW.findall(text)}


def imported(path: Path) -> Iterator[str]:
    """Yield the modules that a file imports anywhere, within functions too."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def rooms_of(path: Path) -> set[str]:
    """Return the rooms that a file imports."""
    names = (name.split(".") for name in imported(path))
    return {parts[1] for parts in names if parts[0] == "lib"}


class Rooms(unittest.TestCase):
    def test_each_room_imports_the_rooms_of_its_row_and_no_other(self) -> None:
        found: dict[str, set[str]] = {room: set() for room in table()}
        for path in LIB.glob("*/*.py"):
            room = path.parent.name
            found[room] |= rooms_of(path) - {room}
        self.assertEqual(found, table())

    def test_each_row_names_rooms_above_it(self) -> None:
        above: set[str] = set()
        for room, imports in table().items():
            self.assertLessEqual(imports, above, room)
            above.add(room)

    def test_nothing_in_lib_imports_an_entry_point(self) -> None:
        outside = {path.stem for path in HOME.glob("*.py")} | {"benchmarks", "tests"}
        for path in LIB.rglob("*.py"):
            found = {name.split(".")[0] for name in imported(path)} & outside
            self.assertEqual(found, set(), path)

    def test_top_of_lib_holds_only_what_others_import_or_run(self) -> None:
        self.assertEqual({path.name for path in LIB.glob("*.py")}, DOORS)


if __name__ == "__main__":
    unittest.main()
