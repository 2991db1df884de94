"""Reads JSON that others have written: all damage in it is a ValueError.

Python's own reader raises RecursionError for too many levels, and makes whole numbers that are
beyond any float of a machine (OverflowError, later and elsewhere).
"""

from __future__ import annotations

import json
from typing import Any

LONGEST_NUMBER = 300  # digits: the largest float has 309 (sys.float_info)


def parse(text: str | bytes) -> Any:
    """Return the value that a text holds, or one of UTF-8. Raises ValueError."""
    try:
        return _DECODER.decode(text if isinstance(text, str) else text.decode())
    except RecursionError:
        raise ValueError("expected JSON, found more levels in it than can be read") from None


def _whole_number(digits: str) -> int:
    if len(digits) > LONGEST_NUMBER:
        raise ValueError(f"expected a number, found one of {len(digits)} digits")
    return int(digits)


_DECODER = json.JSONDecoder(parse_int=_whole_number)
