"""Finds the command that a command line begins with, and calls it.

A command is a module of this room with `SUMMARY`, `arguments` and `main`. It is imported only if it
is called, so that runs do not wait for it.
"""

from __future__ import annotations

import argparse
import importlib
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Protocol, TypeVar, cast

from lib.commands.flag_parser import FlagParser
from lib.commands.program import USAGE, complain
from lib.model.names import nearest

Place = TypeVar("Place")  # what a command asks: a Site for those of this room
Place_contra = TypeVar("Place_contra", contravariant=True)
COMMANDS = (
    *("status", "cancel", "show", "logs", "rerun", "export", "gc"),
    *("report", "history", "explain", "why-red", "compare"),
)
IMPOSSIBLE = 1  # nothing was found, or it cannot be done


class Command(Protocol[Place_contra]):
    """The form of a module that is a command."""

    SUMMARY: str  # one line; with `PASSES_ON = True` main gets unknown words as `given.words`

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the command."""

    def main(self, given: argparse.Namespace, site: Place_contra) -> int:
        """Print the answer; return 0, 1 if nothing was found or it cannot be done, 2 for usage.

        May raise ValueError for bad usage, LookupError for a name that is not there, and OSError.
        """


class Parser(FlagParser):
    """A parser whose `--help` lists the commands as well, which it imports only then.

    `other_commands` are those of this pipeline alone, and a sentence on each.
    """

    other_commands: Mapping[str, str] = MappingProxyType({})

    def format_help(self) -> str:
        """Return the help, with a line for each command before the end."""
        summaries = {name: load(name).SUMMARY for name in COMMANDS} | dict(self.other_commands)
        end, lines = self.epilog, [f"  {name:9} {text}" for name, text in summaries.items()]
        self.epilog = "\n".join(["commands (COMMAND --help explains each):", *lines, "", end or ""])
        try:
            return super().format_help()
        finally:
            self.epilog = end


def load(name: str) -> Command[Any]:
    """Import a command; the module of `why-red` is `why_red`."""
    return cast(Command[Any], importlib.import_module(f"lib.commands.{name.replace('-', '_')}"))


def call(
    words: Sequence[str],
    program: str,
    site: Callable[[argparse.Namespace], Place],
    more: Callable[[argparse.ArgumentParser], None] = lambda _: None,
    find: Callable[[str], Command[Place]] | None = None,
) -> int:
    """Call the command that is the first word, and return its exit code.

    `program` is the name of the pipeline for people. `more` adds the arguments that all commands of
    this pipeline take, and `site` makes the site from them. `find` imports a command of
    another room.
    """
    name, *rest = words
    command = (find or load)(name)
    parser = FlagParser(prog=f"{program} {name}", description=command.SUMMARY, allow_abbrev=False)
    command.arguments(parser)
    more(parser)
    if getattr(command, "PASSES_ON", False):  # words that it does not know are those of a run
        given, words = parser.parse_known_args(rest)
        given.words = words
    else:
        given = parser.parse_args(rest)
    try:
        return command.main(given, site(given))
    except (KeyError, IndexError):  # an error of the command, not an answer
        raise
    except (ValueError, LookupError, OSError) as error:
        complain(f"{program} {name}: {error}")
        return USAGE if isinstance(error, ValueError) else IMPOSSIBLE


def command_first(
    words: Sequence[str], with_value: Collection[str], others: Collection[str] = ()
) -> list[str]:
    """Return the words with a command at the front that stood behind flags with a value.

    `--state-dir DIR status` means what `status --state-dir DIR` means: a program that calls a
    pipeline again may put its words behind the flags. `others` are commands of this pipeline
    alone. Other words stay as they are.
    """
    at = 0
    while at < len(words) and words[at].partition("=")[0] in with_value:
        at += 1 if "=" in words[at] else 2
    if at < len(words) and (words[at] in COMMANDS or words[at] in others):
        return [words[at], *words[:at], *words[at + 1 :]]
    return list(words)


def unknown(word: str, others: Iterable[str], expected: str = "a command") -> str:
    """Return a sentence on a word that is no command, with the nearest command or other word."""
    return f"expected {expected}, found {word!r}{nearest(word, [*COMMANDS, *others])}"
