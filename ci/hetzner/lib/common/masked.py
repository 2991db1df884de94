"""Masks the texts in a value of JSON. Pure."""

from __future__ import annotations

from collections.abc import Callable


def masked(value: object, redact: Callable[[str], str]) -> object:
    """Return a value of JSON with redacted texts; numbers stay, though a secret may be one."""
    if redact is str:
        return value
    if isinstance(value, str):
        return redact(value)
    if isinstance(value, (list, tuple)):
        return [masked(item, redact) for item in value]
    if isinstance(value, dict):
        return {name: masked(item, redact) for name, item in value.items()}
    return value
