"""The lines that the worker prints: one a change, for the journal. Pure."""

from __future__ import annotations

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.common.plain_text import duration, one_line
from lib.queue_worker.run_end import Judgement

SHORT = 7  # digits of a commit


def named(entry: Entry) -> str:
    """Return an entry as all lines name it: `17 1a2b3c4 feature`."""
    return one_line(f"{entry.id} {entry.sha:.{SHORT}} {entry.branch}".rstrip())


def started(entry: Entry, place: int) -> str:
    """Return the line of a start."""
    again = f", try {entry.tries}" if entry.tries > 1 else ""
    return f"{named(entry)}: started in place {place}{again}"


def ended(entry: Entry, judgement: Judgement, seconds: float) -> str:
    """Return the line of an end, or of a return to the queue."""
    what = "put back" if judgement.state is State.WAITING else judgement.state.value
    why = f": {one_line(judgement.reason)}" if judgement.reason else ""
    return f"{named(entry)}: {what} in {duration(seconds)}{why}"
