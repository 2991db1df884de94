"""Makes the command of an entry from the template of the settings. Pure.

A template without `{sha}` is one of pipeline.py, on this machine or in a container: the words that
it understands are appended. Any other has its words filled in, each only once: a branch may be
named `{place}`. What is filled in stays one word, whatever it contains: where a shell reads the
words, it is quoted. Those after ssh are read by a shell (ssh(1)), and a word with blanks or other
characters of a shell is taken for a script.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.commit_queue.entry import Entry
from lib.model import names

SHA, BRANCH, PLACE, NAME_TO, PREPARE = "{sha}", "{branch}", "{place}", "{name_to}", "{prepare}"
FIELDS = (SHA, BRANCH, PLACE, NAME_TO, PREPARE)
FIELD = re.compile("|".join(map(re.escape, FIELDS)))
LIKE_A_FIELD = re.compile(r"(?<!\$)\{[A-Za-z_]+\}")
SSH = frozenset({"ssh", "autossh"})
PREPARE_FLAG = "--prepare"


class RunCommand:
    """The commands of entries, by a template; `is_pipeline`: they are calls of pipeline.py."""

    def __init__(self, template: Sequence[str]) -> None:
        self._template = tuple(template)
        self._by_ssh = any(Path(word).name in SSH for word in self._template)
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
            prepared = [PREPARE_FLAG] if prepare else []
            words = [entry.sha, *branch, *flags, *prepared]
            return [*self._template, *(map(shlex.quote, words) if self._by_ssh else words)]
        values = {
            SHA: entry.sha,
            BRANCH: entry.branch,
            PLACE: str(place),
            NAME_TO: str(name_to),
            PREPARE: PREPARE_FLAG if prepare else "",
        }
        template = (word for word in self._template if prepare or word != PREPARE)
        return [self._filled(word, values) for word in template]

    def _filled(self, word: str, values: Mapping[str, str]) -> str:
        bare = FIELD.sub("", word)
        for_shell = self._by_ssh or (bare and shlex.quote(bare) != bare)

        def value(found: re.Match[str]) -> str:
            text = values[found[0]]
            return shlex.quote(text) if for_shell and found[0] != PREPARE else text

        return FIELD.sub(value, word)

    def _has(self, field: str) -> bool:
        return any(field in word for word in self._template)


def unknown_fields(template: Sequence[str]) -> str:
    """Return which fields of a template are none, '' if all are known.

    A script, a word with blanks, may have braces of its own.
    """
    found = [field for word in template if " " not in word for field in LIKE_A_FIELD.findall(word)]
    told = [
        f"{field}{names.nearest(field.lower(), FIELDS)}" for field in found if field not in FIELDS
    ]
    return f"expected {', '.join(FIELDS)}, found {', '.join(told)}" if told else ""
