"""Tells which parts of a cache's key differ between two runs."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice

MOST = 10  # lines of a part
PLACES = {"directory": "its directory", "artifact": "its artifact", "store": "its store"}


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Return a line for each difference of two records of `<job>.cache.json`.

    Lines that begin with `-` and `+` are of the old and the new one. Raises nothing, whatever the
    two hold.
    """
    found = [*_lines("its key", old.get("key"), new.get("key"))]
    if not found and old.get("lines") != new.get("lines"):
        found.append("its key differs behind the lines that are recorded")
    found += _lines("its command", old.get("command"), new.get("command"))
    for name, words in PLACES.items():
        if old.get(name) != new.get(name):
            found.append(f"{words}: {old.get(name)} -> {new.get(name)}")
    return [*found, *_variables(old.get("variables"), new.get("variables"))]


def _lines(what: str, old: object, new: object) -> Iterator[str]:
    if not isinstance(old, list) or not isinstance(new, list) or old == new:
        return
    changed = list(_changed(list(map(str, old)), list(map(str, new))))
    yield f"{what}:"
    yield from (f"  {line}" for line in islice(changed, MOST))
    if len(changed) > MOST:
        yield f"  … and {len(changed) - MOST} more lines"


def _changed(old: Sequence[str], new: Sequence[str]) -> Iterator[str]:
    """Yield the lines that are gone and those that are new, by their places."""
    steps = difflib.SequenceMatcher(None, old, new, autojunk=False).get_opcodes()
    for step, old_from, old_to, new_from, new_to in steps:
        if step != "equal":
            yield from (f"- {line}" for line in old[old_from:old_to])
            yield from (f"+ {line}" for line in new[new_from:new_to])


def _variables(old: object, new: object) -> Iterator[str]:
    if not isinstance(old, dict) or not isinstance(new, dict):
        return
    for name in [*old, *(name for name in new if name not in old)]:
        one, other = old.get(name, "not set"), new.get(name, "not set")
        if one != other:
            yield f"its variable {name}: {one} -> {other}"
