"""The output of a run for programs: its events as they happen, and one answer at its end."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lib.common import console, files
from lib.common.plain_text import complaint
from lib.model import events

if TYPE_CHECKING:
    from lib.event_stream.event_file import EventFile
    from lib.timeline.timeline import Timeline

STDOUT = "1"
PATIENCE = 1.0  # seconds that a run waits for a reader of its events, once


class ProgramOutput:
    """What `--events` and `--json` ask for; nothing by default.

    `events` is a path, or the number of an open descriptor.
    """

    def __init__(self, events: str, *, answer: bool) -> None:
        self._where = events
        self._wants_answer = answer
        self._handle: int | None = None
        self._file: EventFile | None = None
        self._timeline: Timeline | None = None
        self._stdout = sys.stdout

    @contextlib.contextmanager
    def opened(self) -> Iterator[None]:
        """Open it; what else is printed meanwhile goes to stderr, if stdout is for programs.

        Raises ValueError for a path or a descriptor that cannot be written to.
        """
        self._stdout = sys.stdout
        if self._where:
            self._handle = _open(self._where)
        aside = self._wants_answer or self._where == STDOUT
        try:
            with contextlib.redirect_stdout(sys.stderr) if aside else contextlib.nullcontext():
                yield
        finally:
            if self._file:
                self._file.close()

    def listeners(self, redact: Callable[[str], str]) -> list[events.Listener]:
        """Return the listeners to a run."""
        made: list[events.Listener] = []
        if self._handle is not None:
            from lib.event_stream.event_file import EventFile  # late: few runs are asked for them

            shown = f"--events={self._where}"
            self._file = EventFile(self._handle, shown, redact, PATIENCE)
            made.append(self._file)
        if self._wants_answer:
            from lib.timeline.timeline import Timeline

            self._timeline = Timeline()
            made.append(self._timeline)
        return made

    def answer(self, run: Path, redact: Callable[[str], str], page: str) -> None:
        """Print the answer on a run that has ended, whose logs are in a directory.

        `page` is the address of its page, '' if it has none.
        """
        if self._timeline is None:
            return
        from lib.report import run_inputs
        from lib.views import answer_json

        record = self._timeline.record()
        try:
            inputs = run_inputs.of_ends(record, run, redact)
        except Exception as error:  # noqa: BLE001 - the verdict is told, with logs or without
            print(f"the logs cannot be read: {complaint(error)}", file=sys.stderr)
            inputs = run_inputs.RunInputs(record, run, redact=redact)
        with contextlib.redirect_stdout(self._stdout):
            console.put(answer_json.text(inputs, page))


def _open(where: str) -> int:
    """Return a descriptor to write to. Raises ValueError."""
    try:
        if not where.isdecimal():
            return files.open_file(where, os.O_WRONLY | os.O_CREAT | os.O_TRUNC)
        handle = os.dup(int(where))
        os.write(handle, b"")
    except (OSError, OverflowError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ValueError(
            "--events: expected a file, or a descriptor that is open for writing, found "
            f"{where}: {reason}"
        ) from error
    return handle
