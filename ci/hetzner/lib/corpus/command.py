"""`pipeline.py corpus …`: finds the command that its words mean, and calls it."""

from __future__ import annotations

import argparse
import os
from collections.abc import Callable, Sequence

from lib.commands import front_door
from lib.commands.front_door import Command
from lib.commands.program import USAGE, complain
from lib.corpus.site import CorpusSite
from lib.git.git_command import CheckoutError
from lib.model.names import nearest

NAME = "pipeline.py corpus"
RUN, COMMANDS = "run", ("run", "status", "compare", "overlay")
PLACES = ("--repo", "--state-dir")  # flags that may stand before a command
HELP = """\
usage: pipeline.py corpus FILE …             run the commits of FILE; the same as `corpus run FILE`
       pipeline.py corpus status FILE        how far it is, and the table of the last round
       pipeline.py corpus compare …          our verdicts beside those of GitHub or another runner
       pipeline.py corpus overlay OLD --paths-of NEW PATH…
                                             a commit of old code with paths of another commit

Each explains itself: pipeline.py corpus run --help"""


def main(
    words: Sequence[str],
    site: Callable[[argparse.Namespace], CorpusSite],
    add_places: Callable[[argparse.ArgumentParser], None],
) -> int:
    """Call the command, and return its exit code: 0, 1 red or not possible, 2 bad usage.

    `add_places` adds the flags that name checkout and state directory, `site` reads them.
    """
    if not words or words[0] in ("-h", "--help"):
        (complain if not words else print)(HELP)
        return USAGE if not words else 0
    words = front_door.command_first(words, PLACES, COMMANDS)
    if words[0] not in COMMANDS:
        words = [RUN, *words]
    if words[0] == RUN and words[1:] and not _may_be_file(words[1]):
        near = nearest(words[1], COMMANDS)
        complain(f"{NAME}: expected a file or a command, found {words[1]!r}{near}")
        return USAGE
    try:
        return front_door.call(words, NAME, site, add_places, _load)
    except CheckoutError as error:
        complain(f"{NAME} {words[0]}: {error}")
        return front_door.IMPOSSIBLE


def _may_be_file(word: str) -> bool:
    return word.startswith("-") or os.path.lexists(word)


def _load(name: str) -> Command[CorpusSite]:
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
