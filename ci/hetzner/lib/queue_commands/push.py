"""The command `queue push`: puts a commit into the queue."""

from __future__ import annotations

import argparse

from lib.commands import answer
from lib.commit_queue.entry import Push, Ref, as_json
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite, add_commit, branch

SUMMARY = "Put a commit into the queue."
SOURCES = ("push", "hook", "poll")


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    add_commit(parser)
    parser.add_argument("--first", action="store_true", help="before others that wait")
    parser.add_argument("--silent", action="store_true", help="post no status on GitHub")
    parser.add_argument(
        "--source",
        choices=SOURCES,
        default="push",
        help="hook, poll: a program tells of a push, which supersedes older ones of its branch",
    )
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Queue the commit, and print its entry. Raises ValueError, OSError."""
    ref = Ref(branch(given.branch))
    entry = site.queue.push(
        Push(site.commit(given.sha), ref, given.source, given.first, speaks=not given.silent)
    )
    if given.json:
        return answer.as_json(as_json(entry))
    return answer.lines([entry_text.line(entry)])
