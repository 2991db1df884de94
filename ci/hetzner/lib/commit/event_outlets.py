"""The files that get the events of a commit's run, from its jobs and from around them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.common.plain_text import complaint
from lib.event_stream import event_file
from lib.model import events
from lib.model.verdict import Verdict


class EventOutlets:
    """A listener: events.jsonl of the run, and `more`. `say` writes a line of the log."""

    def __init__(
        self,
        run: Path,
        redact: Callable[[str], str],
        say: Callable[[str], None],
        more: Sequence[events.Listener] = (),
    ) -> None:
        self._run = run
        self._say = say
        self._began = time.time()
        self._before: float | None = None  # None: no jobs have begun
        self._file: event_file.EventFile | None = None
        try:
            self._file = event_file.in_directory(run, redact)
        except OSError as error:
            say(f"NOTE  no view of this run can be made: {error}")
        own = [self._file] if self._file else []
        self._bus = events.Bus([*own, *more], self._broke)

    def __call__(self, event: events.Event) -> None:
        """Write an event to all files."""
        if isinstance(event, events.RunDeclared):
            self._before = event.before
        self._bus.emit(event)

    def conclude(self, header: Mapping[str, object], verdict: Verdict, seconds: float) -> None:
        """Write the verdict. Of a run whose jobs never began, the `header` comes before it."""
        if self._before is None:
            self(events.RunDeclared(0.0, self._run.name, header, self._began, 0.0, ()))
        at = seconds - (self._before or 0.0)
        self(events.RunConcluded(at, seconds, verdict.exit_code, verdict.sentence))
        if self._file:
            if changed := self._file.changed(self._run / event_file.NAME):
                self._say(f"NOTE  {changed}")
            self._file.close()

    def _broke(self, _: events.Listener, error: BaseException) -> None:
        self._say(f"NOTE  {complaint(error)}")
