"""The command `queue repeat`: runs a commit several times, and tells which jobs differ."""

from __future__ import annotations

import argparse
import os
import shlex
from collections import Counter
from collections.abc import Sequence

from lib.commands import answer, argument_types
from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import ENDED
from lib.common import signal_names
from lib.common.interrupts import Interrupted, cut_short
from lib.queue_commands import following, repeat_table
from lib.queue_commands.printed_log import remark
from lib.queue_commands.site import QueueSite
from lib.queue_commands.worker_watch import WorkerWatch

SUMMARY = "Run a commit several times, and tell which jobs differ."
MOST = 1000  # repetitions


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("sha", nargs="?", default="", metavar="SHA", help="a commit")
    parser.add_argument(
        "count",
        nargs="?",
        type=argument_types.at_most(MOST),
        metavar="N",
        help=f"how many times, at most {MOST}",
    )
    parser.add_argument("--no-wait", action="store_true", help="print the name of the group only")
    parser.add_argument("--group", default="", help="wait for earlier repetitions, by their name")
    parser.add_argument("--json", action="store_true", help="the table for programs")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Repeat; return 0 only if all passed alike. Raises LookupError, ValueError, OSError."""
    group = given.group or _push(given, site)
    if given.no_wait:
        return answer.lines([group])
    try:
        with cut_short():
            entries = _wait(site, group)
    except (KeyboardInterrupt, Interrupted) as came:
        again = shlex.join(site.words("repeat", "--group", group))
        remark(f"they go on; wait again with: {again}")
        return signal_names.exit_code(getattr(came, "number", signal_names.CUSTOMARY[0]))
    table = repeat_table.of(site.state_dir, entries)
    code = answer.as_json(table.as_json()) if given.json else answer.lines(table.lines())
    return code or (0 if table.alike_and_green else 1)


def _push(given: argparse.Namespace, site: QueueSite) -> str:
    """Queue the repetitions; return the name of their group."""
    if not given.sha or given.count is None:
        raise ValueError("expected SHA and N, or --group NAME")
    sha = site.commit(given.sha)
    group = f"repeat-{os.urandom(4).hex()}"
    each = Push(sha, Ref(""), "repeat", repeat=group, speaks=False)
    site.queue.push_all([each] * given.count)
    return group


def _wait(site: QueueSite, group: str) -> list[Entry]:
    """Return the entries of a group when all have ended. Raises LookupError, Interrupted."""
    version, shown = -1, ""
    watch = WorkerWatch(site)
    while True:
        entries = site.queue.repetitions(group)
        if not entries:
            raise LookupError(f"expected repetitions of this name, found none: {group!r}")
        ended = [entry for entry in entries if entry.state in ENDED]
        if (news := _progress(entries, ended)) != shown:
            remark(f"{group}: {news}")
        if len(ended) == len(entries):
            return entries
        shown, version = news, following.until_changed(site.queue, version, watch.look)


def _progress(entries: Sequence[Entry], ended: Sequence[Entry]) -> str:
    states = Counter(entry.state.value for entry in ended)
    counts = ", ".join(f"{count} {state}" for state, count in states.most_common())
    return f"{len(ended)} of {len(entries)} have ended" + (f": {counts}" if counts else "")
