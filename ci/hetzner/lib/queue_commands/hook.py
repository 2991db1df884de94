"""The command `queue hook`: queues what is pushed into a repository of this machine.

git calls it as the hook post-receive (githooks(5)), after the push: no end of it takes the push
back.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from pathlib import Path

from lib.commands import answer
from lib.commit_queue.entry import Deletion, Entry, Push
from lib.commit_queue.states import OPEN
from lib.git.checkout import CheckoutError
from lib.push_sources import hook_file, hook_input
from lib.queue_commands import entry_text, run
from lib.queue_commands.site import QueueSite

SUMMARY = "Queue what is pushed into a repository of this machine: git's hook."
WAIT = "wait"  # git push -o wait: print the runs


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "--install",
        metavar="DIR",
        type=Path,
        help="put the hook into this bare repository, which is made if there is none",
    )
    parser.add_argument(
        "--by",
        metavar="WORDS",
        type=shlex.split,
        help="the command that stands for this program here (default: its file)",
    )


def main(given: argparse.Namespace, site: QueueSite) -> int:
    """Queue each pushed branch; return 1 if one could not be. Raises ValueError, OSError."""
    if given.install:
        return _install(given, site)
    if sys.stdin is None or sys.stdin.isatty():
        raise ValueError("git calls this after a push; `--install DIR` makes it do so")
    entries, failed = _queue_all(given, site)
    if WAIT in hook_input.options(os.environ):
        for entry in entries:
            run.watched(site, entry.id, [*_by_ssh(), *_words(given, site, "log", str(entry.id))])
    return int(failed)


def _install(given: argparse.Namespace, site: QueueSite) -> int:
    own = ["--by", shlex.join(given.by)] if given.by else []
    where = given.install.absolute()
    try:
        hook = hook_file.install(where, _words(given, site, "hook", *own))
    except CheckoutError as error:
        raise ValueError(str(error)) from error
    return answer.lines([f"{hook} queues what is pushed to {where}"])


def _queue_all(given: argparse.Namespace, site: QueueSite) -> tuple[list[Entry], bool]:
    """Queue what git tells of, and tell the person who pushes; return whether one failed, too."""
    entries, failed = [], False
    with os.fdopen(
        os.dup(sys.stdin.fileno()), encoding="utf-8", errors="surrogateescape", newline="\n"
    ) as lines:
        for found in hook_input.pushes(lines):
            try:
                if isinstance(found, Deletion):
                    site.queue.delete(found)
                    continue
                push = _push(found)
                entry = site.queue.push(push)
            except (ValueError, OSError) as error:
                failed = True
                answer.lines([f"NOT QUEUED: {error}; the push itself is done"])
            else:
                entries.append(entry)
                follow = _words(given, site, "log", str(entry.id), "-f")
                answer.lines([_line(entry, push.ref.branch, [*_by_ssh(), *follow])])
    return entries, failed


def _push(found: Push | str) -> Push:
    if isinstance(found, str):
        raise ValueError(found)
    return found


def _line(entry: Entry, branch: str, follow: list[str]) -> str:
    if entry.state in OPEN:
        return f"{branch} queued as {entry.id}: {shlex.join(follow)}"
    return entry_text.line(entry)  # of a commit that has its answer already


def _words(given: argparse.Namespace, site: QueueSite, *command: str) -> list[str]:
    """Return the words that call a command of this queue from anywhere on this machine."""
    if given.by:
        return [*given.by, "queue", *command]
    return [*site.program, "queue", *command, "--state-dir", str(site.state_dir)]


def _by_ssh() -> list[str]:
    """Return the words that reach this machine for the person who pushes over ssh (ssh(1))."""
    ends = os.environ.get("SSH_CONNECTION", "").split()
    user = os.environ.get("USER", "")
    return ["ssh", f"{user}@{ends[2]}" if user else ends[2]] if len(ends) == 4 else []
