"""Reads JSON that others have written: all damage in it is a ValueError.

Python's own reader raises RecursionError for too many levels, and makes whole numbers that are
beyond any float of a machine (OverflowError, later and elsewhere).
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

LONGEST_NUMBER = 300  # digits: the largest float has 309 (sys.float_info)
TOO_DEEP = "expected JSON, found more levels in it than can be read"


def parse(text: str | bytes) -> Any:
    """Return the value that a text holds, or one of UTF-8. Raises ValueError."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise ValueError(TOO_DEEP) from None


def parse_all(text: str) -> Iterator[Any]:
    """Yield the values that follow each other in a text (`gh --paginate`). Raises ValueError."""
    at = len(text) - len(text.lstrip())
    while at < len(text):
        try:
            value, at = _DECODER.raw_decode(text, at)
        except RecursionError:
            raise ValueError(TOO_DEEP) from None
        yield value
        at += len(text[at:]) - len(text[at:].lstrip())


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"expected a number, found one of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_whole_number)
