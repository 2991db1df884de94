"""Chooses the view of a run by its stream, its flags and its environment."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TextIO

from lib.report.view import View
from lib.terminal.plain_view import PlainView


def views(
    stream: TextIO | None = None,
    *,
    quiet: bool = False,
    verbose: bool = False,
    color: bool | None = None,
    environ: Mapping[str, str] = os.environ,
) -> list[View]:
    """Return the views of a program's run on a stream (default: stdout); none if it is closed.

    The next view takes over if one breaks.

    `quiet` shows failures and the verdict only, `verbose` the output of the jobs as well. `color`
    is that of the command line; None leaves it to the stream and `environ`.
    """
    stream = sys.stdout if stream is None else stream
    if stream is None:
        return []
    return [PlainView(stream)]
