"""The command `queue pause`: no entry starts any more, those that run go on."""

from __future__ import annotations

import argparse

from lib.commands import answer
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "Start no more entries; pushes are still taken."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--why", default="", metavar="TEXT", help="the reason, for `list`")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Pause the queue. Raises OSError."""
    site.queue.set_mode("paused", given.why)
    return answer.lines(entry_text.mode(site.queue))
