"""Prints the answer of a command: lines that control no terminal, JSON, or bytes as they are."""

from __future__ import annotations

import json
import os
import select
import sys
from collections.abc import Callable, Iterable

from lib.common import console
from lib.common.plain_text import printable


def lines(texts: Iterable[str]) -> int:
    """Print lines of any characters; return the exit code, as `console.put` does."""
    return console.put("\n".join(map(printable, texts)))


def as_json(value: object) -> int:
    """Print a value for programs; return the exit code, as `console.put` does."""
    return console.put(json.dumps(value))


def writer() -> Callable[[bytes], None]:
    """Return a function that writes bytes to stdout. It raises OSError, such as BrokenPipeError."""
    if sys.stdout is None:
        raise BrokenPipeError("this program was started without a stdout")
    sys.stdout.flush()
    handle = sys.stdout.fileno()

    def write(data: bytes) -> None:
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(handle, view) :]
            except BlockingIOError:  # a pipe that another program made non-blocking
                select.select([], [handle], [])

    return write
