"""The view that shows failures and the verdict only."""

from __future__ import annotations

import re
from collections.abc import Sequence

from lib.model.events import Event
from lib.report.view import Section
from lib.terminal.plain_view import PlainView

# the rest of the lines with a time; those without one tell of a log that cannot be written
SHOWN = ("FAIL", "CAUSE", "TIMEOUT", "FAST-FAIL:", "INTERRUPTED", "ERROR", "BUG", "END")
ANSWERS = ("ASKED", "RUNNING")  # to a user who sends SIGUSR1
LINE = re.compile(rf"(?!\[[\d:]+\] )|\[[\d:]+\] (?:{'|'.join((*SHOWN, *ANSWERS))}) ")


class QuietView(PlainView):
    """Leaves out all lines but those of failures."""

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show those of the lines that tell of a failure or the verdict."""
        if shown := [line for line in lines if LINE.match(line)]:
            super().show(shown, event)

    def end(self, sections: Sequence[Section]) -> str:
        """Show the sections on failures."""
        return super().end([section for section in sections if section.needed])
