"""The command `queue run`: queues a commit, and prints its run as if it went on here."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Sequence

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.common import console, signal_names
from lib.common.interrupts import Interrupted, cut_short
from lib.queue_commands import entry_text, following
from lib.queue_commands.printed_log import remark
from lib.queue_commands.site import QueueSite, add_commit, branch
from lib.queue_commands.worker_watch import WorkerWatch

SUMMARY = "Queue a commit, print its run, and end as it does."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_commit(parser)
    parser.add_argument("--first", action="store_true", help="before others that wait")
    parser.add_argument("--speak", action="store_true", help="post its status on GitHub")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Run the commit; return its exit code. Raises LookupError, ValueError, OSError."""
    push = Push(
        site.commit(given.sha),
        Ref(branch(given.branch)),
        "run",
        given.first,
        speaks=given.speak,
    )
    entry = site.queue.push(push)
    remark(entry_text.line(entry))
    return watched(site, entry.id, site.words("log", str(entry.id)))


def watched(site: QueueSite, number: int, log: Sequence[str]) -> int:
    """Follow an entry to its end; return its exit code. A signal ends only that.

    `log` are the words of the command that prints its whole output.
    """
    try:
        with cut_short():
            entry = following.Follower(site.queue, number, WorkerWatch(site).look).follow()
            if entry.state is State.FAILED:
                _tell_where_the_reason_is(entry, log, site.settings.base.log_url)
            return following.exit_code(entry)
    except BrokenPipeError:
        return console.NOBODY_READS
    except (KeyboardInterrupt, Interrupted) as came:
        remark(f"entry {number} goes on; end it with: {_cancel(site, number)}")
        return signal_names.exit_code(getattr(came, "number", signal_names.CUSTOMARY[0]))


def _tell_where_the_reason_is(entry: Entry, log: Sequence[str], log_url: str) -> None:
    """Name the output with the excerpts of logs, which the lines of the run have not."""
    remark(f"what failed, and why: {shlex.join(log)}")
    if log_url and entry.run:
        remark(f"its page: {log_url.rstrip('/')}/{entry.run}")


def _cancel(site: QueueSite, number: int) -> str:
    return shlex.join(site.words("cancel", str(number)))
