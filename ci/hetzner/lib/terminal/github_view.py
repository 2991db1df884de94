"""The view for a step of GitHub Actions: annotations, groups, and no commands out of a log.

GitHub obeys lines such as `::add-mask::x` wherever they come from; so it is told to obey none, but
for a moment while a command of this view is written
(docs.github.com/actions/using-workflows/workflow-commands-for-github-actions).
"""

from __future__ import annotations

import itertools
import secrets
from collections.abc import Mapping, Sequence
from typing import TextIO

from lib.common.console import Console
from lib.model.events import Event
from lib.report.view import Section, ShownRun, View

ANNOTATED = 6  # lines on a failed job: the failed test cases, or the first of its log
DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**DATA, ":": "%3A", ",": "%2C"}


class GitHubView:
    """Shows a run in another view, between commands of its own on the same stream."""

    def __init__(self, view: View, stream: TextIO, *, quiet: bool = False) -> None:
        self._view = view
        self._quiet = quiet  # the view leaves out sections that are not needed
        self._console = Console(stream)
        self._token = ""  # of a pause in which no command is obeyed

    @property
    def shows_path(self) -> bool:
        """Whether the view does."""
        return self._view.shows_path

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of the log."""
        if lines:
            self._pause()
        self._view.show(lines, event)

    def begin(self, run: ShownRun) -> None:
        """Take the run, which the view may show from a thread."""
        self._pause()
        self._view.begin(run)

    def suspend(self) -> None:
        """Hand it on."""
        self._view.suspend()

    def resume(self) -> None:
        """Hand it on."""
        self._view.resume()

    def end(self, sections: Sequence[Section]) -> str:
        """Show the sections, each folded under its title, and an annotation for each failed job."""
        missed = self._view.end([])  # from now on nothing comes between the commands
        for section in self._wanted(sections):
            title = section.title or section.lines[0].removeprefix("--- ")
            folded = section.whole if section.title else section.whole[1:]
            commands = [_annotation(section)] if section.job else []
            commands += [f"::group::{_escaped(title, DATA)}"] if folded else []
            if commands:
                self._obey(*commands)
            self._pause()
            shown = Section(folded or section.whole, needed=section.needed)
            missed = self._view.end([shown]) or missed
            if folded:
                self._obey("::endgroup::")
        return missed

    def _wanted(self, sections: Sequence[Section]) -> list[Section]:
        return [each for each in sections if each.lines and (each.needed or not self._quiet)]

    def close(self) -> None:
        """Let commands be obeyed again: those of the next program of this step."""
        self._view.close()
        self._obey()
        self._console.settle()

    def _pause(self) -> None:
        if not self._token:
            self._token = secrets.token_hex(16)
            self._console.show(f"::stop-commands::{self._token}")

    def _obey(self, *commands: str) -> None:
        """Write commands that are obeyed, as all that follows until the next pause."""
        resumed = [f"::{self._token}::"] if self._token else []
        self._token = ""
        if lines := [*resumed, *commands]:
            self._console.show("\n".join(lines))


def _annotation(section: Section) -> str:
    """Return the command that shows the first lines on a failed job beside the run."""
    level = "warning" if section.allowed else "error"
    lines = (section.lines[0], *section.tests, *section.log)
    text = "\n".join(itertools.islice(lines, ANNOTATED)).removeprefix("--- ")
    return f"::{level} title={_escaped(section.job, PROPERTY)}::{_escaped(text, DATA)}"


def _escaped(text: str, forms: Mapping[str, str]) -> str:
    return "".join(forms.get(character, character) for character in text)
