"""Tells in which ways the environments of two runs differ. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

ABSENT = "none"


def differences(old: Mapping[str, object], new: Mapping[str, object]) -> list[str]:
    """Return a line for each difference of two contents of environment.json.

    What one of them does not know is left out, and so is an environment or a tool that only one of
    the runs used. Raises nothing, whatever the two hold.
    """
    both = [key for key in old if key in new]
    return [line for key in both for line in _compared(str(key), old[key], new[key])]


def _compared(name: str, old: object, new: object) -> Iterator[str]:
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        for key in [*old, *(key for key in new if key not in old)]:
            found = old.get(key, ABSENT), new.get(key, ABSENT)
            if ABSENT not in found or not any(isinstance(one, Mapping | list) for one in found):
                yield from _compared(f"{name} {key}", *found)
    elif isinstance(old, list) and isinstance(new, list):
        yield from (f"{name}: {item} is gone" for item in old if item not in new)
        yield from (f"{name}: {item} is new" for item in new if item not in old)
    elif old != new and None not in (old, new):  # None is unknown
        yield f"{name}: {old} -> {new}"
