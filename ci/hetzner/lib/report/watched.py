"""Shows a run in the first of its views that works: a view that breaks changes nothing else."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence

from lib.common.plain_text import complaint
from lib.model.events import Event
from lib.report.view import Section, ShownRun, View


class Watched:
    """Some views, of which the next takes over from one that breaks; nobody watches without one.

    `say` gets a line of the log on each that broke.
    """

    def __init__(self, views: Sequence[View], say: Callable[[str], None]) -> None:
        self._views = list(views)
        self._say = say
        self._run: ShownRun | None = None

    @property
    def shows_path(self) -> bool:
        """Whether a view shows the critical path of the run."""
        return any(view.shows_path for view in self._views)

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of the log, those of an event if there is one."""
        self._try(lambda view: view.show(lines, event))

    def begin(self, run: ShownRun) -> None:
        """Show this run from now on."""
        self._try(lambda view: view.begin(run))
        self._run = run  # last: a view that takes over is begun once

    @contextlib.contextmanager
    def suspended(self) -> Iterator[None]:
        """Have the terminal as it was before the run, while the program is stopped."""
        self._try(lambda view: view.suspend())
        try:
            yield
        finally:
            self._try(lambda view: view.resume())

    def end(self, sections: Sequence[Section]) -> str:
        """Sum up the jobs; return a complaint if that is not possible, or ''."""
        self._run = None
        return self._try(lambda view: view.end(sections))

    def close(self) -> None:
        """Close the view."""
        self._try(lambda view: view.close())

    def _try(self, call: Callable[[View], str | None]) -> str:
        while self._views:
            try:
                return call(self._views[0]) or ""
            except KeyboardInterrupt:
                raise
            except BaseException as error:  # noqa: BLE001 - a view may break in any way
                self._replace(error)
        return ""

    def _replace(self, error: BaseException) -> None:
        """Let the next view take over from one that broke."""
        broken = self._views.pop(0)
        with contextlib.suppress(Exception):
            broken.close()
        if (run := self._run) is not None:
            self._try(lambda view: view.begin(run))
        self._say(f"NOTE  the view {type(broken).__name__} broke: {complaint(error)}")
