"""The command `queue resume`: entries start again."""

from __future__ import annotations

import argparse

from lib.commands import answer
from lib.queue_commands import entry_text
from lib.queue_commands.site import QueueSite

SUMMARY = "Start entries again, after `pause` or `drain`."


def arguments(_parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command: it has none."""


def main(_given: argparse.Namespace, site: QueueSite) -> int:
    """Resume the queue; what it said of damage or of polls is said no more. Raises OSError."""
    site.queue.set_mode("running")
    site.queue.forget_damage()
    site.queue.set_note("")
    return answer.lines(entry_text.mode(site.queue))
