"""The view for a file or a pipe: the lines of ci.log, and how long jobs took."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TextIO

from lib.common.console import Console
from lib.common.plain_text import complaint, duration
from lib.model.events import Event, Finished
from lib.report.view import Section, ShownRun


class PlainView:
    """Writes each line to a stream, which may break in any way."""

    shows_path: bool = False

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(stream)

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines; a line that the stream does not take is dropped."""
        if isinstance(event, Finished) and lines:
            lines = with_duration(lines, event)
        for line in lines:
            self._console.show(line)

    def begin(self, run: ShownRun) -> None:
        """Take the run."""

    def suspend(self) -> None:
        """Do nothing: the terminal is as it was."""

    def resume(self) -> None:
        """Do nothing."""

    def end(self, sections: Sequence[Section]) -> str:
        """Show the sections; return the error of the first that the stream does not take."""
        missed = ""
        for section in sections:
            self._console.show("\n".join(section.whole))
            if self._console.missed and not missed:
                missed = complaint(self._console.missed)
        return missed

    def close(self) -> None:
        """Let the stream take what it holds back."""
        self._console.settle()


def with_duration(lines: Sequence[str], event: Finished) -> list[str]:
    """Return the lines on the end of a job, its seconds after the first, if it was started."""
    seconds = event.result.duration
    first = f"{lines[0]}  {duration(seconds)}" if event.result.begun else lines[0]
    return [first, *lines[1:]]
