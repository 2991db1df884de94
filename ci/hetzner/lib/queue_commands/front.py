"""Finds the command behind `pipeline.py queue`, and calls it."""

from __future__ import annotations

import importlib
import shlex
from collections.abc import Sequence
from typing import Any, cast

from lib.commands import front_door
from lib.commands.front_door import Command
from lib.commands.program import USAGE, complain
from lib.common import console
from lib.model.names import nearest
from lib.queue_commands import site

NAME = "pipeline.py queue"
COMMANDS = (
    *("push", "run", "list", "log", "cancel", "repeat", "pause", "drain", "resume"),
    *("worker", "hook", "poll"),
)
PLACES = ("--repo", "--state-dir")  # flags that may stand before a command


def main(arguments: Sequence[str], file: str) -> int:
    """Do what the words behind `queue` ask for; return the exit code. `file` is pipeline.py."""
    words = front_door.command_first(arguments, PLACES, COMMANDS)
    if not words or words[0] in ("-h", "--help"):
        return console.put("\n".join(_help())) or (0 if words else USAGE)
    if words[0] not in COMMANDS:
        found, near = shlex.join(words), nearest(words[0], COMMANDS)
        complain(f"{NAME}: expected one of {', '.join(COMMANDS)}, found {found!r}{near}")
        return USAGE
    program = ["python3", file]
    return front_door.call(
        words, NAME, lambda given: site.of(given, program), site.add_places, load
    )


def load(name: str) -> Command[Any]:
    """Import a command of this room."""
    return cast(Command[Any], importlib.import_module(f"lib.queue_commands.{name}"))


def _help() -> list[str]:
    return [
        f"usage: {NAME} COMMAND …",
        "",
        "commands (COMMAND --help explains each):",
        *(f"  {name:7} {load(name).SUMMARY}" for name in COMMANDS),
    ]
