"""Finds the paths that match a pattern, with variables, and follows no link on the way.

Python's own `glob` follows links, in circles too, and looks at any number of names.
"""

from __future__ import annotations

import fnmatch
import os
import re
import stat
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from string import Template

WILDCARDS = "*?["
MOST_LOOKS = 100_000
Matcher = str | re.Pattern[str] | None  # a name, names with wildcards, any number of directories


class Looks:
    """Counts the names that are looked at; `spent` once there were too many."""

    def __init__(self) -> None:
        self._count = 0

    @property
    def spent(self) -> bool:
        """Whether no more names are to be looked at."""
        return self._count > MOST_LOOKS

    def names(self, directory: Path) -> list[str]:
        """Return the names in a directory, sorted; none of one that cannot be read."""
        try:
            names = sorted(path.name for path in directory.iterdir())
        except OSError:
            return []
        self._count += 1 + len(names)
        return [] if self.spent else names


def unset(pattern: str, environ: Mapping[str, str]) -> list[str]:
    """Return the variables of a pattern that have no value."""
    return [name for name in Template(pattern).get_identifiers() if name not in environ]


def matches(pattern: str, cwd: Path, environ: Mapping[str, str], looks: Looks) -> Iterator[Path]:
    """Yield the paths that match, of any kind. No character of a variable's value is a wildcard.

    The directory that the pattern names before its first wildcard may be reached through links,
    a relative one only as far as they stay in `cwd`.
    """
    parts = pattern.split("/")
    wild = (number for number, part in enumerate(parts) if _is_wild(part))
    first = next(wild, len(parts))
    if first < len(parts):
        directory = Template("/".join([*parts[:first], ""])).safe_substitute(environ)
        rest = [_matcher(part, environ) for part in parts[first:] if part]
    else:  # it may be one variable, with a path as its value
        directory, slash, name = Template(pattern).safe_substitute(environ).rpartition("/")
        directory, rest = directory + slash, [name] if name else []
    start = Path(os.path.realpath(cwd / directory))
    inside = start.is_relative_to(os.path.realpath(cwd))
    if inside or directory.startswith("/") or ".." in directory.split("/"):
        yield from _walk(start, rest, looks)


def _matcher(part: str, environ: Mapping[str, str]) -> Matcher:
    if part == "**":
        return None
    if not _is_wild(part):
        return Template(part).safe_substitute(environ)
    values = {name: _literal(value) for name, value in environ.items()}
    return re.compile(fnmatch.translate(Template(part).safe_substitute(values)))


def _walk(directory: Path, parts: Sequence[Matcher], looks: Looks) -> Iterator[Path]:
    """Yield the matches below a directory, which is one."""
    if not parts or list(parts) == [None]:
        yield directory
        return
    part, rest = parts[0], parts[1:]
    if part is None:
        yield from _walk(directory, rest, looks)
        for name in looks.names(directory):
            if is_directory(directory / name):
                yield from _walk(directory / name, parts, looks)
        return
    if isinstance(part, str):
        names = [part]
    else:
        names = [name for name in looks.names(directory) if part.match(name)]
    for path in (directory / name for name in names):
        if not rest:
            yield path
        elif is_directory(path):
            yield from _walk(path, rest, looks)


def is_directory(path: Path) -> bool:
    """Whether a path is a directory, and no link to one."""
    try:
        return stat.S_ISDIR(path.lstat().st_mode)
    except OSError:
        return False


def _is_wild(part: str) -> bool:
    return any(character in part for character in WILDCARDS)


def _literal(value: str) -> str:
    """Return a text that matches itself alone."""
    return "".join(f"[{each}]" if each in WILDCARDS else each for each in value)
