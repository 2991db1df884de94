"""Makes the command of an entry from the template of the settings. Pure.

A template without `{sha}` is one of pipeline.py, on this machine or in a container: the words that
it understands are appended. Any other has its words filled in, each only once: a branch may be
named `{place}`. What is filled in stays one word, whatever it contains.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry

SHA, BRANCH, PLACE, NAME_TO, PREPARE = "{sha}", "{branch}", "{place}", "{name_to}", "{prepare}"
FIELD = re.compile("|".join(map(re.escape, (SHA, BRANCH, PLACE, NAME_TO, PREPARE))))
PREPARE_FLAG = "--prepare"


class RunCommand:
    """The commands of entries, by a template; `is_pipeline`: they are calls of pipeline.py."""

    def __init__(self, template: Sequence[str]) -> None:
        self._template = tuple(template)
        self.is_pipeline = not self._has(SHA)

    @property
    def names_its_run(self) -> bool:
        """Whether the command is asked to write the name of its run as soon as it has one."""
        return self.is_pipeline or self._has(NAME_TO)

    @property
    def prepares(self) -> bool:
        """Whether the command can make a place ready; a template says so by `{prepare}`."""
        return self.is_pipeline or PREPARE in self._template

    def of(self, entry: Entry, place: int, name_to: Path, *, prepare: bool = False) -> list[str]:
        """Return the words of the command that runs an entry, or only prepares its place."""
        if self.is_pipeline:
            flags = ["--place", str(place), "--until-eof", "--name-to", str(name_to)]
            branch = [entry.branch] if entry.branch else []
            return [
                *self._template,
                *(entry.sha, *branch, *flags),
                *([PREPARE_FLAG] if prepare else []),
            ]
        values = {
            SHA: entry.sha,
            BRANCH: entry.branch,
            PLACE: str(place),
            NAME_TO: str(name_to),
            PREPARE: PREPARE_FLAG if prepare else "",
        }
        words = (word for word in self._template if prepare or word != PREPARE)
        return [_filled(word, values) for word in words]

    def _has(self, field: str) -> bool:
        return any(field in word for word in self._template)


def _filled(word: str, values: Mapping[str, str]) -> str:
    return FIELD.sub(lambda found: values[found[0]], word)
