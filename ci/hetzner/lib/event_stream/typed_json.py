"""Reads values of known types from JSON that anybody may have written: other types are damage."""

from __future__ import annotations

import functools
import types
import typing
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, get_args, get_origin

MOST = 1e15  # a greater number is damage

Reader = Callable[[Any], Any]


@functools.cache
def _record(kind: type[Any]) -> Reader:
    """Return the reader of a NamedTuple: an object with its fields; one with a default may lack."""
    hints = typing.get_type_hints(kind)
    readers = {name: reader(hints[name]) for name in kind._fields}
    optional = kind._field_defaults

    def read(value: Any) -> Any:
        if not isinstance(value, dict):
            raise ValueError(f"expected the fields of {kind.__name__}, found {value!r}")
        missing = readers.keys() - value.keys() - optional.keys()
        if missing:
            raise ValueError(f"{kind.__name__}: expected {', '.join(sorted(missing))}, found none")
        return kind(**{name: read(value[name]) for name, read in readers.items() if name in value})

    return read


@functools.cache
def reader(hint: Any) -> Reader:
    """Return the function that reads a value of a type, such as a NamedTuple or a mapping.

    It raises ValueError for a value of another type.
    """
    origin, inner = get_origin(hint), get_args(hint)
    if origin is types.UnionType:
        return _optional(next(reader(part) for part in inner if part is not type(None)))
    if origin is tuple:
        return _list(reader(inner[0]))
    if origin is Mapping:
        return _mapping(reader(inner[1]))
    if hint in READERS:
        return READERS[hint]
    if hasattr(hint, "_fields"):
        return _record(hint)
    if isinstance(hint, type) and issubclass(hint, StrEnum):
        return typing.cast(Reader, hint)
    raise TypeError(f"expected a type that can be read from JSON, found {hint}: add its reader")


def _optional(read: Reader) -> Reader:
    return lambda value: None if value is None else read(value)


def _list(read: Reader) -> Reader:
    def several(value: Any) -> tuple[Any, ...]:
        if not isinstance(value, list):
            raise ValueError(f"expected a list, found {value!r}")
        return tuple(read(item) for item in value)

    return several


def _mapping(read: Reader) -> Reader:
    def by_name(value: Any) -> dict[str, Any]:
        if not isinstance(value, dict):
            raise ValueError(f"expected an object, found {value!r}")
        return {name: read(item) for name, item in value.items()}

    return by_name


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"expected a text, found {value!r}")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise ValueError(f"expected true or false, found {value!r}")
    return value


def _number(value: Any) -> float:
    proper = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not proper or not abs(value) <= MOST:  # no number is near NaN
        raise ValueError(f"expected a number, found {value!r}")
    return float(value)


def _count(value: Any) -> int:
    if not isinstance(value, int) or isinstance(value, bool) or abs(value) > MOST:
        raise ValueError(f"expected a whole number, found {value!r}")
    return value


# by type; a room adds those that are no tuples
READERS: dict[Any, Reader] = {
    str: _text,
    bool: _truth,
    float: _number,
    int: _count,
    object: lambda value: value,
}
