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
    plain = PlainView(stream)
    if environ.get("GITHUB_ACTIONS") == "true":
        from lib.terminal.github_view import GitHubView  # late, as the other views: one is chosen

        lines = _lines(stream, quiet=quiet, verbose=verbose)
        return [GitHubView(lines, stream, quiet=quiet), GitHubView(plain, stream)]
    if quiet or verbose or not _can_be_drawn_on(stream, environ):
        return [_lines(stream, quiet=quiet, verbose=verbose), plain]
    from lib.terminal.cells import Look
    from lib.terminal.live_view import LiveView

    colour = _has_color(environ) if color is None else color
    return [LiveView(stream, Look(colour, stream.encoding or "ascii")), plain]


def _lines(stream: TextIO, *, quiet: bool, verbose: bool) -> View:
    """Return the view that only adds lines."""
    if quiet:
        from lib.terminal.quiet_view import QuietView

        return QuietView(stream)
    if verbose:
        from lib.terminal.verbose_view import VerboseView

        return VerboseView(stream)
    from lib.terminal.heartbeat_view import HeartbeatView

    return HeartbeatView(stream)


def _can_be_drawn_on(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Whether a stream is a terminal that moves its cursor (terminfo(5): dumb cannot)."""
    try:
        return stream.isatty() and environ.get("TERM", "") not in ("", "dumb")
    except ValueError:  # it is closed
        return False


def _has_color(environ: Mapping[str, str]) -> bool:
    """Whether a terminal is to have colors (no-color.org, force-color.org)."""
    forced = environ.get("FORCE_COLOR", "")
    return forced != "0" if forced else not environ.get("NO_COLOR", "")
