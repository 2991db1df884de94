"""The runner of a corpus: this program, or a command; its words for a commit, and its identity."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from typing import NamedTuple

from lib.common import redact
from lib.corpus import runner_identity
from lib.corpus.commits import Corpus
from lib.corpus.site import CorpusSite
from lib.processes import command_template
from lib.processes.command_template import BRANCH, SHA

# a run ends when its standard input does, so that none outlives its corpus
OF_OUR_RUNS = ("--json", "--until-eof")


class Runner(NamedTuple):
    """`words` may hold `{sha}` and `{branch}`; `flags` go to each run."""

    words: tuple[str, ...]
    flags: tuple[str, ...]
    name: str  # differs between two runners
    own: bool  # it is this program

    @property
    def asked(self) -> tuple[str, ...]:
        """The words that decide what a run does, beside its commit."""
        words = self.flags if self.own else (*self.words, *self.flags)
        return tuple(map(redact.of_environment(), words))

    def call(self, sha: str, branch: str) -> list[str]:
        """Return the words that run a commit."""
        if self.own:
            named = [sha, branch] if branch else [sha]
            return [*self.words, *named, *OF_OUR_RUNS, *self.flags]
        filled = command_template.filled(self.words, {SHA: sha, BRANCH: branch})
        return command_template.appended(filled, self.flags)


def of(corpus: Corpus, command: str, flags: Sequence[str], site: CorpusSite) -> Runner:
    """Return the runner that the file, or the `command` of the command line, names.

    Raises ValueError for a command that does not take a commit, SystemExit for flags that a run
    would refuse, and OSError.
    """
    command = command or corpus.runner
    flags = (*corpus.flags, *flags)
    if not command:
        site.check(flags)
        name = runner_identity.of_directory(site.runner_dir)
        return Runner(tuple(site.program), flags, name, own=True)
    try:
        words = shlex.split(command)
    except ValueError as error:
        raise ValueError(
            f"runner: expected words of a shell, found {command!r}: {error}"
        ) from error
    if found := command_template.unknown_fields(words, (SHA, BRANCH)):
        raise ValueError(f"runner: {found}")
    if not command_template.has(words, SHA):
        raise ValueError(f"runner: expected a command with {SHA} in it, found {command!r}")
    return Runner(tuple(words), flags, runner_identity.of_command(command), own=False)


def environment() -> dict[str, str]:
    """Return the environment of runs: they speak for no commit on GitHub."""
    kept = {k: v for k, v in os.environ.items() if k not in redact.OF_SERVICES}
    return {**kept, "GITHUB_TOKEN": ""}
