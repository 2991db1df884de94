"""Reads the JSON of a webhook, strictly, and takes values of a known type out of it. Pure."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from typing import NoReturn, TypeVar

Value = TypeVar("Value")


class PayloadError(ValueError):
    """A payload that is not what GitHub sends; the message names the first difference."""


class Payload:
    """An object of JSON; `where` is its place in the whole, for messages."""

    def __init__(self, values: dict[str, object], where: str = "") -> None:
        self._values = values
        self._where = where

    def has(self, name: str) -> bool:
        """Whether there is such a value."""
        return name in self._values

    def text(self, name: str) -> str:
        """Return a string. Raises PayloadError."""
        return self._typed(name, str, "a string")

    def flag(self, name: str) -> bool:
        """Return true or false. Raises PayloadError."""
        return self._typed(name, bool, "true or false")

    def number(self, name: str) -> int:
        """Return a whole number that a database holds. Raises PayloadError."""
        value = self._typed(name, int, "a whole number")
        if isinstance(value, bool) or not 0 <= value < 1 << 63:
            raise self._wrong(name, "a whole number from 0")
        return value

    def inner(self, name: str) -> Payload:
        """Return an object within this one. Raises PayloadError."""
        values: dict[str, object] = self._typed(name, dict, "an object")
        return Payload(values, f"{self._where}{name}.")

    def inner_or_null(self, name: str) -> Payload | None:
        """Return the same, or None for null. Raises PayloadError."""
        is_null = name in self._values and self._values[name] is None
        return None if is_null else self.inner(name)

    def _typed(self, name: str, kind: type[Value], expected: str) -> Value:
        value = self._values.get(name)
        if not isinstance(value, kind):
            raise self._wrong(name, expected)
        return value

    def _wrong(self, name: str, expected: str) -> PayloadError:
        found = type(self._values[name]).__name__ if name in self._values else "nothing"
        return PayloadError(f"{self._where}{name}: expected {expected}, found {found}")


def parse(body: bytes) -> Payload:
    """Return the object that a body holds. Raises PayloadError.

    Refused is all that two readers could understand in two ways: keys that stand twice, numbers
    that no machine has, half a character.
    """
    try:
        text = body.decode()
        found = json.loads(
            text, object_pairs_hook=_object, parse_constant=_no_number, parse_float=_number
        )
        if "\\u" in text:  # an escape may name one half of a pair (RFC 8259, section 8.2)
            json.dumps(found, ensure_ascii=False).encode()
    except RecursionError:
        raise PayloadError("expected JSON, found more levels in it than can be read") from None
    except PayloadError:
        raise
    except ValueError:  # UnicodeError, JSONDecodeError, a whole number of thousands of digits
        raise PayloadError("expected JSON in UTF-8, found something else") from None
    if not isinstance(found, dict):
        raise PayloadError(f"expected an object, found {type(found).__name__}")
    return Payload(found)


def _object(pairs: Iterable[tuple[str, object]]) -> dict[str, object]:
    pairs = list(pairs)
    made = dict(pairs)
    if len(made) != len(pairs):
        raise PayloadError("expected each key once, found one twice")
    return made


def _number(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _no_number(text)


def _no_number(_: str) -> NoReturn:
    raise PayloadError("expected numbers, found one that is too large or none")
