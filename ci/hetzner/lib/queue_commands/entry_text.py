"""Entries and the queue in words, for people."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path

from lib.commit_queue import worker_presence
from lib.commit_queue.entry import Entry
from lib.commit_queue.queue_reader import QueueReader
from lib.commit_queue.start_order import behind
from lib.commit_queue.states import State
from lib.common import plain_time, redact
from lib.common.plain_text import one_line, table

SHORT = 12  # characters of a commit
LONGEST = 60  # characters of a branch, or of a reason
MODES = {
    "running": "the queue starts entries",
    "paused": "the queue is paused: it starts no entry",
    "draining": "the queue drains: it starts no entry, and lets those end that run",
}


def line(entry: Entry) -> str:
    """Return an entry as one line."""
    return "  ".join(part for part in _cells(entry, time.time()) if part)


def rows(entries: Sequence[Entry]) -> list[str]:
    """Return entries as lines, their parts below each other."""
    now = time.time()
    return table([_cells(entry, now) for entry in entries], right={0}) if entries else []


def mode(queue: QueueReader) -> list[str]:
    """Return whether the queue starts entries, and its message."""
    why = one_line(queue.why())
    sentence = MODES[queue.mode()] + (f" ({why})" if why else "")
    message = one_line(queue.message())
    return [sentence, message] if message else [sentence]


def worker(state_dir: Path, start: str) -> str:
    """Return which worker lives, or the command that starts one."""
    holder = worker_presence.holder(state_dir)
    return (
        f"a worker lives: {one_line(holder)}"
        if holder
        else f"no worker lives; start one with: {start}"
    )


def before(count: int) -> str:
    """Return how many entries start before another."""
    return f"waits: {count} before it" if count else "waits: it is next"


def held_back(entry: Entry, running: Iterable[Entry]) -> str:
    """Return for whose end an entry waits, '' if it starts in its turn."""
    other = behind(entry, running)
    return f"waits for the end of {other.id}, which runs this commit" if other else ""


def _cells(entry: Entry, now: float) -> list[str]:
    return [
        str(entry.id),
        entry.state.value.upper(),
        entry.sha[:SHORT],
        redact.shorten(one_line(" ".join(ref.text for ref in entry.refs)), LONGEST),
        entry.source + (" first" if entry.first else ""),
        _when(entry, now),
        redact.shorten(one_line(_why(entry)), LONGEST) + _log(entry),
    ]


def _when(entry: Entry, now: float) -> str:
    if entry.state is State.WAITING:
        return f"for {plain_time.about(now - entry.created)}"
    if entry.ended is None:
        return f"since {plain_time.about(now - (entry.started or entry.created))}"
    took = f", took {plain_time.about(entry.ended - entry.started)}" if entry.started else ""
    return f"{plain_time.about(now - entry.ended)} ago{took}"


def _why(entry: Entry) -> str:
    if entry.state is State.RUNNING and entry.asked_to_end:
        return f"asked to end: {entry.asked_to_end}"
    code = f"exit code {entry.exit_code}" if entry.exit_code else ""
    return entry.reason or code


def _log(entry: Entry) -> str:
    """Return the command that shows what was printed: the run of an error may have no files."""
    return f" (queue log {entry.id})" if entry.state is State.ERROR else ""
