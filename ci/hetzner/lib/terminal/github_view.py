"""The view for a step of GitHub Actions: annotations, groups, and no commands out of a log.

GitHub obeys lines such as `::add-mask::x` wherever they come from; so it is told to obey none, but
for a moment while a command of this view is written
(docs.github.com/actions/using-workflows/workflow-commands-for-github-actions).
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from typing import TextIO

from lib.common.console import Console
from lib.model.events import Event
from lib.report.view import Section, ShownRun, View

DATA = {"%": "%25", "\r": "%0D", "\n": "%0A"}
PROPERTY = {**DATA, ":": "%3A", ",": "%2C"}


class GitHubView:
    """Shows a run in another view, between commands of its own on the same stream."""

    def __init__(self, view: View, stream: TextIO) -> None:
        self._view = view
        self._console = Console(stream)
        self._token = ""  # of a pause in which no command is obeyed

    def show(self, lines: Sequence[str], event: Event | None = None) -> None:
        """Show lines of the log."""
        self._pause()
        self._view.show(lines, event)

    def begin(self, run: ShownRun) -> None:
        """Take the run."""
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
        for section in sections:
            title, *rest = section.lines
            title = title.removeprefix("--- ")
            if section.job:
                self._command(f"::error title={_escaped(section.job, PROPERTY)}::{_data(title)}")
            if not rest:
                missed = missed or self._view.end([section])
                continue
            self._command(f"::group::{_data(title)}")
            missed = missed or self._view.end([section._replace(lines=rest)])
            self._command("::endgroup::")
        return missed

    def close(self) -> None:
        """Let commands be obeyed again: those of the next program of this step."""
        self._view.close()
        if self._token:
            self._console.show(f"::{self._token}::")
            self._token = ""
        self._console.settle()

    def _pause(self) -> None:
        if not self._token:
            self._token = secrets.token_hex(16)
            self._console.show(f"::stop-commands::{self._token}")

    def _command(self, command: str) -> None:
        before, self._token = self._token, secrets.token_hex(16)
        resumed = f"::{before}::\n" if before else ""
        self._console.show(f"{resumed}{command}\n::stop-commands::{self._token}")


def _escaped(text: str, forms: Mapping[str, str]) -> str:
    return "".join(forms.get(character, character) for character in text)


def _data(text: str) -> str:
    return _escaped(text, DATA)
