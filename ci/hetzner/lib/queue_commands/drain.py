"""The command `queue drain`: lets the runs end that go on, and starts no more."""

from __future__ import annotations

import argparse
import math
import time

from lib.commands import answer, argument_types
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import State
from lib.common import interrupts, signal_names
from lib.common.interrupts import Interrupted
from lib.common.plain_text import counted
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "Let the runs end that go on, and start no more."
PAUSE = 0.2  # seconds between two looks
STILL_RUNS = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--wait",
        nargs="?",
        type=argument_types.seconds,
        const=math.inf,
        metavar="SECONDS",
        help="until nothing runs, at most so long (default: for ever)",
    )


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Drain; return 1 if something still runs after the wait. Raises OSError."""
    site.queue.set_mode("draining")
    end = time.monotonic() + (given.wait or 0)
    try:
        while (running := _running(site)) and time.monotonic() < end:
            interrupts.sleep(PAUSE)
    except Interrupted as came:
        answer.lines(["the queue still drains; `queue resume` starts entries again"])
        return signal_names.exit_code(came.number)
    lines = [*entry_text.mode(site.queue), f"{counted(running, 'run')} still going on"]
    return answer.lines(lines) or (STILL_RUNS if running and given.wait else 0)


def _running(site: QueueSite) -> int:
    return len(site.queue.entries(states={State.RUNNING}, limit=ALL))
