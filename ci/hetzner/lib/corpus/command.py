"""`pipeline.py corpus …`: finds the command that its words mean, and calls it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence
from typing import Protocol

from lib.commands import front_door
from lib.commands.flag_parser import FlagParser
from lib.commands.program import USAGE, complain
from lib.corpus.place import Place
from lib.git.git_command import CheckoutError
from lib.model.names import nearest

NAME = "pipeline.py corpus"
RUN, COMMANDS = "run", ("run", "status", "compare", "overlay")
PLACES = ("--repo", "--state-dir")  # flags that may stand before a command
IMPOSSIBLE = 1
HELP = """\
usage: pipeline.py corpus FILE …             run the commits of FILE; the same as `corpus run FILE`
       pipeline.py corpus status FILE        how far it is, and the table of the last time
       pipeline.py corpus compare …          our verdicts beside those of GitHub or another runner
       pipeline.py corpus overlay OLD --paths-of NEW PATH…
                                             a commit of old code with paths of another commit

Each explains itself: pipeline.py corpus run --help"""


class Command(Protocol):
    """The form of a module that is a command; `PASSES_ON`: other words are flags of a run."""

    SUMMARY: str
    PASSES_ON: bool

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add the arguments of the command."""

    def main(self, given: argparse.Namespace, place: Place, words: Sequence[str]) -> int:
        """Print the answer; return the exit code. `words` are the flags of a run.

        May raise ValueError for bad usage, LookupError, CheckoutError and OSError.
        """


def main(
    words: Sequence[str],
    place: Callable[[argparse.Namespace], Place],
    add_places: Callable[[argparse.ArgumentParser], None],
) -> int:
    """Call the command, and return its exit code: 0, 1 red or not possible, 2 bad usage.

    `add_places` adds the flags that name checkout and state directory, `place` reads them.
    """
    if not words or words[0] in ("-h", "--help"):
        (complain if not words else print)(HELP)
        return USAGE if not words else 0
    words = front_door.command_first(words, PLACES, COMMANDS)
    name, rest = (words[0], words[1:]) if words[0] in COMMANDS else (RUN, words)
    if name == RUN and rest and not (rest[0].startswith("-") or os.path.lexists(rest[0])):
        near = nearest(rest[0], COMMANDS)
        complain(f"{NAME}: expected a file or a command, found {rest[0]!r}{near}")
        return USAGE
    command = _load(name)
    parser = FlagParser(prog=f"{NAME} {name}", description=command.SUMMARY, allow_abbrev=False)
    command.arguments(parser)
    add_places(parser)
    more: Sequence[str] = ()
    if command.PASSES_ON:
        given, more = parser.parse_known_args(list(rest))
    else:
        given = parser.parse_args(list(rest))
    try:
        return command.main(given, place(given), more)
    except (KeyError, IndexError):  # an error of the command, not an answer
        raise
    except (ValueError, LookupError, OSError, CheckoutError) as error:
        complain(f"{NAME} {name}: {error}")
        return USAGE if isinstance(error, ValueError) else IMPOSSIBLE


def _load(name: str) -> Command:
    """Import a command, and no other."""
    if name == "overlay":
        from lib.corpus import overlay_command

        return overlay_command
    if name == "compare":
        from lib.corpus import compare_command

        return compare_command
    if name == "status":
        from lib.corpus import status_command

        return status_command
    from lib.corpus import run_command

    return run_command
