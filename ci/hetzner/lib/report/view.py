"""The seam between a run and the people who watch it: what a view is told. Holds no view."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NamedTuple, Protocol

from lib.model.events import Event
from lib.model.run_plan import RunPlan


class Controls(NamedTuple):
    """The actions that a run allows, from any thread. After its end they change nothing of it.

    `cancel_job` cancels one job by name, and does nothing if that has ended. `interrupt` ends the
    run as Ctrl-C does.
    """

    cancel_job: Callable[[str], None]
    interrupt: Callable[[], None]


class ShownRun(NamedTuple):
    """The run that a view shows, as it is known before its first event.

    `plan` has the jobs, their usual seconds (`durations`) and the pools. `now` reads the run's
    clock, in seconds, which the `at` of events are on. `redact` masks secrets: it is for what a
    view reads itself, from the logs in `log_dir`. `controls` are for its keys. `expected_end`
    returns the expected end in seconds on the run's clock, None if it is unknown.
    """

    log_dir: Path
    plan: RunPlan
    now: Callable[[], float]
    redact: Callable[[str], str]
    controls: Controls
    expected_end: Callable[[], float | None] = lambda: None


class Section(NamedTuple):
    """A part of the end of a run: its lines, masked and printable.

    `title` stands for them where they are folded; '' for their first line. `job` is the failed job
    that they tell of, '' for all jobs together; `allowed`: its failure does not fail the run. `log`
    is the end of its log, and `tests` are its failed test cases, a line each. A view for failures
    alone leaves out a section that is not `needed`.
    """

    lines: Sequence[str]
    title: str = ""
    job: str = ""
    allowed: bool = False
    needed: bool = True
    log: Sequence[str] = ()
    tests: Sequence[str] = ()

    @property
    def whole(self) -> list[str]:
        """All lines in their order: the names of broken tests are not above a long log."""
        return [*self.lines[:1], *self.log, *self.tests, *self.lines[1:]]


class View(Protocol):
    """Shows one run to people. Its calls come from one thread, in this order:

    lines of the time before the jobs, `begin`, events with their lines, `end`, lines of the time
    after them, `close`. A run that ends early leaves out `begin` or `end`, never `close`. It never
    waits for a user. If it raises, it is closed, and the next view takes over.
    """

    @property
    def shows_path(self) -> bool:
        """Whether the end of the run is to have its critical path, which takes a while to find."""

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of ci.log, masked, printable and with their time.

        They are those on an `event`, which is told without lines if it has none; without an event
        they are remarks of the runner.
        """

    def begin(self, run: ShownRun) -> None:
        """Take the run whose events follow."""

    def suspend(self) -> None:
        """Give the terminal back until `resume`: the program is about to be stopped (Ctrl-Z)."""

    def resume(self) -> None:
        """Go on."""

    def end(self, sections: Sequence[Section]) -> str:
        """Sum up the jobs; return a complaint if that is not possible, or ''.

        After it no job runs, and the terminal is as it was before `begin`.
        """

    def close(self) -> None:
        """Give back all that it has taken: the terminal, threads, text that was not read."""


# makes the views of a new run: the next takes over if one breaks; without one nobody watches
Viewer = Callable[[], Sequence[View]]
