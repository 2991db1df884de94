"""Which room of lib/ may import which: the table in docs/architecture.md and the imports."""

from __future__ import annotations

import ast
import re
import unittest
from collections.abc import Iterator
from pathlib import Path

from tests.support.sources import nodes_of

HOME = Path(__file__).resolve().parents[2]
LIB = HOME / "lib"
ROW = re.compile(r"^\| `(\w+)` \| [^|]+ \|([^|]*)\|$", re.MULTILINE)
PURE_ROOMS = ("model", "timeline", "scheduler", "diagnosis", "simulate")
# these only compute: a module that does I/O, reads a clock or starts a thread is not among them
PURE_MODULES = {
    *(
        "__future__",
        "bisect",
        "collections",
        "dataclasses",
        "difflib",
        "enum",
        "fnmatch",
        "functools",
    ),
    "graphlib",
    *("heapq", "inspect", "itertools", "lib", "math", "os", "posixpath", "random", "re", "types"),
    "typing",
}
PURE_NAMES = {  # of modules that can do more; redact reads the environment, to mask its secrets
    "lib.common": {"log_bytes", "redact", "signal_names"},
    "os": {"PathLike", "fsdecode", "fsencode", "fspath"},
    "random": {"Random"},
    "threading": {"Lock"},
}
BUILTINS_WITH_IO = {"__import__", "breakpoint", "eval", "exec", "input", "open", "print"}
# modules that find a module by its name at run time, which the table cannot see, with the reason
BY_NAME = {
    "commands/front_door.py": "imports the commands of its own room",
    "queue_commands/front.py": "imports the commands of its own room",
    "cleanup.py": "asks whether a package is there, and imports none of ours",
}
DOORS = {"__init__.py", "cleanup.py", "lockcheck.py", "settings.py", "status.py"}


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
    for node in nodes_of(path):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def is_pure(name: str) -> bool:
    """Whether a pure room may use this name, which begins with its module."""
    for module, pure in PURE_NAMES.items():
        if name.startswith(f"{module}."):
            return name.removeprefix(f"{module}.").partition(".")[0] in pure
    return name.partition(".")[0] in PURE_MODULES


def used(source: str) -> Iterator[str]:
    """Yield what a source text imports, takes from a module in PURE_NAMES, or calls for I/O."""
    for node in ast.walk(ast.parse(source)):
        match node:
            case ast.Import(names=names):
                yield from (alias.name for alias in names)
            case ast.ImportFrom(module=str(module), names=names):
                yield from (f"{module}.{alias.name}" for alias in names)
            case ast.Attribute(value=ast.Name(id=name), attr=attribute) if name in PURE_NAMES:
                yield f"{name}.{attribute}"
            case ast.Name(id=name) if name in BUILTINS_WITH_IO:
                yield name


def finds_by_name(name: str) -> bool:
    """Whether a name that a module uses imports modules by their names at run time."""
    return name.partition(".")[0] in ("__import__", "importlib", "pkgutil", "runpy")


def impure(source: str) -> set[str]:
    """Return the names in a source text that may do I/O, read a clock or start a thread."""
    return {name for name in used(source) if not is_pure(name)}


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

    def test_modules_import_each_other_by_statements_which_the_table_is_compared_with(self) -> None:
        found = {
            str(path.relative_to(LIB))
            for path in LIB.rglob("*.py")
            if any(finds_by_name(name) for name in used(path.read_text()))
        }
        self.assertEqual(found, BY_NAME.keys())

    def test_top_of_lib_holds_only_what_others_import_or_run(self) -> None:
        self.assertEqual({path.name for path in LIB.glob("*.py")}, DOORS)

    def test_pure_rooms_do_no_io_and_read_no_clock(self) -> None:
        for room in PURE_ROOMS:
            for path in (LIB / room).glob("*.py"):
                with self.subTest(path.relative_to(LIB)):
                    self.assertEqual(impure(path.read_text()), set())

    def test_io_a_clock_and_chance_are_recognized(self) -> None:
        for source in (
            "import time",
            "import os.path, subprocess",
            "from pathlib import Path",
            "from os import urandom",
            "def f():\n    import socket",
            "os.stat('x')",
            "random.random()",
            "open('x')",
            "from lib.common import files",
        ):
            with self.subTest(source):
                self.assertNotEqual(impure(source), set())


if __name__ == "__main__":
    unittest.main()
