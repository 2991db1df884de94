"""Prints a log as it grows, without what would control a terminal; its colours stay.

No reader is asked for: behind `git push -o wait` and `ssh` there is a terminal of somebody, which
this end takes for a pipe.
"""

from __future__ import annotations

import contextlib
import sys
from pathlib import Path

from lib.commands import answer
from lib.commands.terminal_text import TerminalText
from lib.common.plain_text import printable
from lib.report.growing_log import GrowingLog


class PrintedLog:
    """The log at a path, which need not be there yet."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._log: GrowingLog | None = None
        self._shown = TerminalText()
        self._write = answer.writer()
        self.begun = False  # whether any of it was printed

    def more(self) -> None:
        """Print what has come since the last call. Raises OSError."""
        if self._log and not self._log.is_at(self.path):
            self._print()  # the rest of a log whose place another has taken
            self.close()
        if self._log is None:
            with contextlib.suppress(FileNotFoundError):
                self._log = GrowingLog(self.path)
        self._print()

    def end(self) -> None:
        """Print the rest, and close the log. Raises OSError."""
        self.more()
        self._write(self._shown.end().encode(errors="replace"))
        self.close()

    def close(self) -> None:
        """Close the log."""
        if self._log is not None:
            self._log.close()
            self._log = None

    def _print(self) -> None:
        for piece in self._log.more() if self._log else ():
            self.begun = True
            self._write(self._shown.feed(piece).encode(errors="replace"))


def remark(text: str) -> None:
    """Say something that is no part of a log."""
    print(printable(text), file=sys.stderr, flush=True)
