"""The command `queue log`: prints what the command of an entry printed, or follows it."""

from __future__ import annotations

import argparse

from lib.commands import argument_types
from lib.commit_queue import paths
from lib.commit_queue.states import ENDED
from lib.common import console, signal_names
from lib.common.interrupts import Interrupted, cut_short
from lib.common.plain_text import one_line
from lib.queue_commands import following
from lib.queue_commands.printed_log import PrintedLog
from lib.queue_commands.site import QueueSite

SUMMARY = "Print what the command of an entry printed."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("entry", type=argument_types.count, metavar="ID", help="an entry")
    parser.add_argument("-f", "--follow", action="store_true", help="until it has ended")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Print the log. Raises LookupError, OSError."""
    entry = site.queue.entry(given.entry)
    log = PrintedLog(paths.log(site.state_dir, entry.id))
    try:
        with cut_short():
            version = -1
            while given.follow and site.queue.entry(entry.id).state not in ENDED:
                version = following.until_changed(site.queue, version, log.more)
            log.end()
    except BrokenPipeError:
        return console.NOBODY_READS
    except (KeyboardInterrupt, Interrupted) as came:
        return signal_names.exit_code(getattr(came, "number", signal_names.CUSTOMARY[0]))
    finally:
        log.close()
    if not log.begun:
        run = f"; pipeline.py logs ci --run {entry.run} has its lines" if entry.run else ""
        why = f", {one_line(entry.reason)}" if entry.reason else ""
        state = f"{entry.state.value}{why}{run}"
        raise LookupError(f"entry {entry.id} has printed nothing: it is {state}")
    return 0
