"""Tells the errors of a declaration as sentences with file and line, in place of a traceback.

A wrong `Job(…)` raises when the file of a pipeline is executed, before the program can catch it.
Python would print a traceback and end with 1, as for a failed run. So `dsl` has uncaught errors of
this kind told here: the program ends with 2. A program that catches them sees no difference.
"""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from types import FrameType, TracebackType
from typing import Any

from lib.common import redact
from lib.model.declaration_error import DeclarationError

RUNNER = Path(__file__).parents[2]  # not resolved: as the interpreter names our files
OURS = (f"{RUNNER / 'lib'}/", str(RUNNER / "dsl.py"))  # they raise, others have declared
USAGE = 2
Hook = Callable[[type[BaseException], BaseException, TracebackType | None], Any]


def told_by(before: Hook) -> Hook:
    """Return a sys.excepthook that tells errors of declarations; `before` gets all others."""

    def hook(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
        if not isinstance(error, DeclarationError) or hasattr(sys, "ps1"):  # ps1: interactive
            before(kind, error, trace)
            return
        if sys.stderr is not None:  # it may be closed, or break
            with contextlib.suppress(Exception):
                print(redact.of_environment()(sentences(error)), file=sys.stderr)
        raise SystemExit(USAGE)

    return hook


def sentences(error: DeclarationError) -> str:
    """Return the problems, a line each, with the place of the call that declares."""
    place = ""
    for frame, line in _frames(error.__traceback__):
        # not by the name of the code: that of a dataclass has none
        if not frame.f_globals.get("__file__", "").startswith(OURS):
            place = f"{frame.f_code.co_filename}:{line}: "
    return "\n".join(place + problem for problem in str(error).splitlines())


def _frames(trace: TracebackType | None) -> Iterator[tuple[FrameType, int]]:
    """Yield the frames of a traceback and their lines, the innermost last."""
    while trace:
        yield trace.tb_frame, trace.tb_lineno
        trace = trace.tb_next
