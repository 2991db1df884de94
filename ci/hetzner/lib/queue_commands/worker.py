"""The command `queue worker`: runs the commits of the queue, until it is stopped."""

from __future__ import annotations

import argparse
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from lib.commands import argument_types
from lib.common import redact
from lib.queue_commands.site import QueueSite

SUMMARY = "Run the commits of the queue, until it is stopped."
MOST_WORKERS = 64


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--workers",
        metavar="N",
        type=argument_types.at_most(MOST_WORKERS),
        default=1,
        help="runs at a time, each at a place of its own (default 1)",
    )
    parser.add_argument("--once", action="store_true", help="end when nothing waits or runs")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Work; return the exit code, 128+n after signal n. Raises OSError.

    Raises ValueError for a CI_QUEUE_COMMAND that cannot run a commit.
    """
    from lib.queue_worker import worker  # late: no other command of the queue needs it

    _check(site.settings.queue_command)
    environ = dict(os.environ)
    if given.repo:
        environ["CI_REPO_DIR"] = str(Path(given.repo).absolute())
    return worker.work(site.settings, _say, workers=given.workers, once=given.once, environ=environ)


def _check(command: Sequence[str]) -> None:
    """Raise ValueError for a command that can run no commit."""
    from lib.queue_worker import run_command

    if found := run_command.unknown_fields(command):
        raise ValueError(f"CI_QUEUE_COMMAND: {found}")
    if shutil.which(command[0]) is None:
        raise ValueError(
            f"CI_QUEUE_COMMAND: expected a program, found {command[0]!r}, which is not on PATH, "
            f"not there as seen from {Path.cwd()}, or may not be executed"
        )


def _say(line: str) -> None:
    """Print a line of the journal, without secrets."""
    print(redact.of_environment()(line), flush=True)
