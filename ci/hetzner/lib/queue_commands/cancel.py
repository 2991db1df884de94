"""The command `queue cancel`: ends an entry that waits, and asks one that runs to end."""

from __future__ import annotations

import argparse

from lib.commands import answer
from lib.commit_queue.entry import Entry
from lib.commit_queue.listing import ALL
from lib.commit_queue.states import OPEN, State
from lib.common.plain_text import counted
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "End an entry that waits, ask one that runs to end."
REASON = "cancelled by hand"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("entry", metavar="ID|SHA", help="an entry, or a commit: all of its entries")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Cancel, and print what became of it. Raises LookupError, ValueError, OSError."""
    asked = [site.queue.cancel(number, REASON) for number in _chosen(given.entry, site)]
    lines = [entry_text.line(entry) for entry in asked]
    running = [entry for entry in asked if entry.state is State.RUNNING]
    if running:
        lines.append(f"{counted(len(running), 'run')} asked to end")
    return answer.lines(lines)


def _chosen(word: str, site: QueueSite) -> list[int]:
    if word.isdecimal() and word.isascii() and len(word) < 16:
        return [int(word)]
    sha = site.commit(word)
    found: list[Entry] = site.queue.entries(states=OPEN, limit=ALL)
    chosen = [entry.id for entry in found if entry.sha == sha]
    if not chosen:
        raise LookupError(f"expected an entry of {sha} that waits or runs, found none")
    return chosen
