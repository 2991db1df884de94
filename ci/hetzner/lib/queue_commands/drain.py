"""The command `queue drain`: lets the runs end that go on, and starts no more.

By a person, that stays until `queue resume`. A program drains with `--until-eof`: however it ends,
its pipe ends, and with it the drain.
"""

from __future__ import annotations

import argparse
import getpass
import math
import os
import time

from lib.commands import answer, argument_types
from lib.commit_queue import paths, program_drain, worker_presence
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import State
from lib.common import interrupts, locks, signal_names, stdin_end
from lib.common.interrupts import Interrupted
from lib.common.plain_text import counted, one_line
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "Let the runs end that go on, and start no more."
PAUSE = 0.2  # seconds between two looks
LONG = 3600.0  # seconds: a signal ends the sleep
STILL_RUNS = 1


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    how_long = parser.add_mutually_exclusive_group()
    how_long.add_argument(
        "--wait",
        nargs="?",
        type=argument_types.seconds,
        const=math.inf,
        metavar="SECONDS",
        help="until nothing runs, at most so long (default: for ever)",
    )
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason, for `list`")
    how_long.add_argument(
        "--until-eof",
        action="store_true",
        help="only until standard input ends, a pipe; says when nothing runs any more",
    )


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Drain; return 1 if something still runs after the wait. Raises ValueError, OSError."""
    if given.until_eof:
        return _until_eof(given.why, site)
    site.queue.set_mode("draining", given.why or _by_whom())
    end = time.monotonic() + (given.wait or 0)
    try:
        while (running := _running(site)) and time.monotonic() < end:
            interrupts.sleep(PAUSE)
    except Interrupted as came:
        answer.lines(["the queue still drains; `queue resume` starts entries again"])
        return signal_names.exit_code(came.number)
    lines = [*entry_text.mode(site.queue), f"{counted(running, 'run')} still going on"]
    return answer.lines(lines) or (STILL_RUNS if running and given.wait else 0)


def _until_eof(why: str, site: QueueSite) -> int:
    """Drain until the pipe ends, as by SIGTERM, or a signal comes; return its exit code."""
    stdin_end.watch()
    with program_drain.held(site.state_dir, one_line(why) or "queue drain"):
        try:
            site.queue.announce()
            while _running(site):
                interrupts.sleep(PAUSE)
            answer.lines(["nothing runs"])
            while True:
                interrupts.sleep(LONG)
        except Interrupted as came:
            code = signal_names.exit_code(came.number)
    site.queue.announce()
    return code


def _by_whom() -> str:
    user = os.environ.get("SUDO_USER") or getpass.getuser()
    return f"by {one_line(user)}, since {time.strftime('%Y-%m-%d %H:%M:%S')}"


def _running(site: QueueSite) -> int:
    """Return how many entries run; those of a dead worker do as long as their commands live."""
    state_dir = site.state_dir
    running = site.queue.entries(states={State.RUNNING}, limit=ALL)
    if not running or worker_presence.holder(state_dir):
        return len(running)
    # the next worker, which takes them back, may never come
    return sum(bool(locks.holder(paths.entry_lock(state_dir, entry.id))) for entry in running)
