"""Tells what makes the verdict of a run less than one on its commit. Pure."""

from __future__ import annotations

from collections.abc import Mapping


def of(header: Mapping[str, object]) -> list[str]:
    """Return the limits in words, [] for none; `header` has fields of summary.json."""
    found = []
    if header.get("dirty"):
        found.append("with changes that are not committed")
    elif header.get("in_place") is True:
        found.append("in a working tree of its user")
    if header.get("whole") is False:
        found.append("not all jobs or test cases")
    return found
