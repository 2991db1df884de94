"""The command `queue list`: the queue, the runs that go on, and those that have ended."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Mapping

from lib.commands import answer
from lib.commit_queue import worker_presence
from lib.commit_queue.entry import Entry, as_json
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import ENDED, State
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "List the entries: those that wait, run, and ended lately."
RECENT = 10  # entries


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--all", action="store_true", help="all entries that have ended")
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Print the queue. Raises OSError."""
    queue = site.queue
    running = queue.entries(states={State.RUNNING}, limit=ALL)
    waiting = queue.waiting()
    ended = queue.entries(states=ENDED, limit=ALL if given.all else RECENT)
    if given.json:
        return answer.as_json(
            {
                **{"mode": queue.mode(), "why": queue.why(), "message": queue.message()},
                "worker": worker_presence.holder(site.state_dir),
                "waiting": [as_json(entry) for entry in waiting],
                "running": [as_json(entry) for entry in running],
                "ended": [as_json(entry) for entry in ended],
            }
        )
    reasons = [entry_text.held_back(each, running) or each.reason for each in waiting]
    shown = [each._replace(reason=why) for each, why in zip(waiting, reasons, strict=True)]
    lines = [
        *entry_text.mode(queue),
        entry_text.worker(site.state_dir, shlex.join(site.words("worker"))),
        *_part(f"running ({len(running)})", running),
        *_part(f"waiting, in the order of their start ({len(waiting)})", shown),
        *_part(_ended_head(len(ended), queue.counts()), ended),
    ]
    if not (running or waiting or ended):  # perhaps another queue was meant
        lines += ["", f"nothing is queued in {site.state_dir}"]
    return answer.lines(lines)


def _ended_head(shown: int, counts: Mapping[State, int]) -> str:
    """Return the head above the entries that have ended; those left out are said to be there."""
    every = sum(counts[state] for state in ENDED)
    return f"ended (the last {shown} of {every}; --all)" if every > shown else f"ended ({shown})"


def _part(head: str, entries: list[Entry]) -> list[str]:
    return ["", head, *entry_text.rows(entries)] if entries else []
