"""The view for a terminal: the jobs that run, drawn anew below the lines of ci.log."""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Sequence
from typing import TextIO

from lib.model.events import Event
from lib.report.view import Section, ShownRun
from lib.terminal import cells
from lib.terminal.cells import RED, Look
from lib.terminal.painter import Order, Painter
from lib.terminal.plain_view import PlainView

PATIENCE = 5.0  # seconds that a run waits for a terminal that takes no text (Ctrl-S)
SHOWN_ABOVE = "    (the end of its log is shown above)"


class LiveView(PlainView):
    """Draws while jobs run; before and after them it is a plain view."""

    shows_path = True

    def __init__(self, stream: TextIO, look: Look) -> None:
        super().__init__(stream)
        self._look = look
        self._painter: Painter | None = None

    def begin(self, run: ShownRun) -> None:
        """Take the run, and draw from now on. Raises RuntimeError if no thread can be had."""
        super().begin(run)
        painter = Painter(self._console, self._look, run, _keyboard())
        painter.start()
        self._painter = painter

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines above what is drawn. Raises the error that has ended the drawing."""
        if self._painter is None:
            super().show([cells.log_line(line, self._look) for line in lines], event)
            return
        self._painter.put((lines, event))
        if self._painter.broken is not None:
            raise self._painter.broken

    def end(self, sections: Sequence[Section]) -> str:
        """Draw no more, and show the sections that sum up the jobs, each log only once."""
        shown = self._stop()
        return super().end([self._told(each, shown) for each in sections])

    def _told(self, section: Section, shown: Collection[str]) -> Section:
        log = [SHOWN_ABOVE] if section.job in shown else section.log
        tests = [cells.styled(line, RED, self._look) for line in section.tests]
        return section._replace(log=log, tests=tests)

    def close(self) -> None:
        """Give the terminal back."""
        self._stop()
        super().close()

    def suspend(self) -> None:
        """Give the terminal back until `resume`: the program is about to be stopped."""
        if self._painter is not None:
            self._painter.obey(Order.SUSPEND, PATIENCE)

    def resume(self) -> None:
        """Go on drawing."""
        if self._painter is not None:
            self._painter.put(Order.RESUME)

    def _stop(self) -> Collection[str]:
        """End the drawing; show what it has not shown; return the jobs whose logs it has."""
        painter, self._painter = self._painter, None
        if painter is None:
            return ()
        super().show(painter.close(PATIENCE))
        return painter.shown_logs


def _keyboard() -> int | None:
    """Return the descriptor of standard input if it is a terminal."""
    try:
        descriptor = sys.stdin.fileno()
    except (AttributeError, OSError, ValueError):  # there is none, or it is closed
        return None
    return descriptor if os.isatty(descriptor) else None
