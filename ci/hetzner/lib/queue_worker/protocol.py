"""What the decisions of a worker ask of the parts that act; tests put others in their place."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, Protocol

from lib.commit_queue.entry import Entry, QueuedStatus
from lib.commit_queue.store import CommitQueue
from lib.queue_worker.run_end import Ended


class Gone(NamedTuple):
    """A command that has ended, with all its processes."""

    place: int
    end: Ended
    run: str = ""  # name of its run's directory, '' if it is not known
    whole: bool = True  # its run has told GitHub of the whole commit, as far as can be known


class Runs(Protocol):
    """Starts and ends commands, one at a place at most. No method waits."""

    @property
    def prepares(self) -> bool:
        """Whether the command can make a place ready for an entry."""
        ...

    def start(self, entry: Entry, place: int, *, prepare: bool = False) -> None:
        """Start the command of an entry, or only prepare its place.

        One that cannot be started is among those that have ended.
        """
        ...

    def close_input(self, place: int) -> None:
        """Close the input of a command, which asks it to end."""
        ...

    def terminate(self, place: int) -> None:
        """Send TERM to a command."""
        ...

    def kill(self, place: int) -> None:
        """End a command by force, with all that came of it."""
        ...

    def names(self) -> Sequence[tuple[int, str]]:
        """Return places whose runs were not known to have begun, and their names.

        '' of a command that names no run.
        """
        ...

    def gone(self) -> Sequence[Gone]:
        """Return the commands that have ended since the last call."""
        ...


class Statuses(Protocol):
    """Posts the statuses of the queue, beside its worker."""

    def offer(self, statuses: Sequence[QueuedStatus]) -> None:
        """Post these, the first first, and no others."""
        ...

    def clear(self, sha: str) -> bool:
        """Drop what is not posted of a commit; return whether none of it is under way."""
        ...


class DispatcherParts(NamedTuple):
    """The parts that a dispatcher works with; tests put others in their place."""

    queue: CommitQueue
    runs: Runs
    statuses: Statuses
    obstacle: Callable[[], str]  # what keeps entries from starting, '' for nothing
    now: Callable[[], float]  # seconds
    say: Callable[[str], None]
