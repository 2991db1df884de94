"""Makes the command of an entry from the template of the settings. Pure.

A template without `{sha}` is one of pipeline.py, on this machine or in a container: the words that
it understands are appended. Any other has its fields filled in.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry
from lib.processes import command_template
from lib.processes.command_template import BRANCH, SHA

PLACE, NAME_TO, PREPARE = "{place}", "{name_to}", "{prepare}"
FIELDS = (SHA, BRANCH, PLACE, NAME_TO, PREPARE)
PREPARE_FLAG = "--prepare"


class RunCommand:
    """The commands of entries, by a template; `is_pipeline`: they are calls of pipeline.py."""

    def __init__(self, template: Sequence[str]) -> None:
        self._template = tuple(template)
        self.is_pipeline = not command_template.has(template, SHA)

    @property
    def names_its_run(self) -> bool:
        """Whether the command is asked to write the name of its run as soon as it has one."""
        return self.is_pipeline or command_template.has(self._template, NAME_TO)

    @property
    def prepares(self) -> bool:
        """Whether the command can make a place ready; a template says so by `{prepare}`."""
        return self.is_pipeline or PREPARE in self._template

    def of(self, entry: Entry, place: int, name_to: Path, *, prepare: bool = False) -> list[str]:
        """Return the words of the command that runs an entry, or only prepares its place."""
        flag = PREPARE_FLAG if prepare else ""
        if self.is_pipeline:
            flags = ["--place", str(place), "--until-eof", "--name-to", str(name_to), flag]
            words = (entry.sha, entry.branch, *flags)
            return command_template.appended(self._template, [word for word in words if word])
        template = [w.replace(PREPARE, flag) for w in self._template if prepare or w != PREPARE]
        values = {SHA: entry.sha, BRANCH: entry.branch, PLACE: str(place), NAME_TO: str(name_to)}
        return command_template.filled(template, values)


def unknown_fields(template: Sequence[str]) -> str:
    """Return which fields of a template are none, '' if all are known."""
    return command_template.unknown_fields(template, FIELDS)
