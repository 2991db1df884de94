"""The records of the queue: data only."""

from __future__ import annotations

from typing import NamedTuple

from lib.commit_queue.states import State

MANUAL = frozenset({"push", "run", "repeat"})  # sources that a newer push does not supersede
# Stands where the name of a fork would, for branches that are no more; that has always a slash.
DELETED = "deleted"
SUPERSEDED_BY = "superseded by "  # how a reason begins that a newer push is


class Ref(NamedTuple):
    """A place where a commit was pushed: a branch of the repository, or of a fork of it."""

    branch: str  # '': not known
    pull: int = 0  # number of its pull request, 0 for none
    fork: str = ""  # owner/name of the fork, '' for the repository itself

    @property
    def key(self) -> tuple[str, str]:
        """The identity of the branch: the number of a pull request is no part of it."""
        return self.branch, self.fork

    @property
    def deleted(self) -> Ref:
        """The place of entries that stood for the branch until it was deleted."""
        return self._replace(fork=f"{DELETED} {self.fork}".rstrip())

    @property
    def text(self) -> str:
        """The place for people: `main`, `fix #12`, `owner/fork:fix #12`; '' if none is known."""
        branch = f"{self.fork}:{self.branch}" if self.fork else self.branch
        return f"{branch} #{self.pull}".strip() if self.pull else branch


class Push(NamedTuple):
    """A wish to have a commit run."""

    sha: str
    ref: Ref
    source: str  # webhook, push, hook, poll, run or repeat
    first: bool = False  # before others
    repeat: str = ""  # name of the group of repetitions that it is part of
    speaks: bool = True  # it posts statuses on GitHub
    before: str = ""  # the commit where the branch was, zeros for none, '' if that is not known


class Deletion(NamedTuple):
    """A branch that was deleted."""

    ref: Ref
    before: str  # the commit where it was


class Entry(NamedTuple):
    """A commit in the queue. Times are seconds since the epoch."""

    id: int
    sha: str
    refs: tuple[Ref, ...]
    source: str
    first: bool
    state: State
    reason: str  # why it is in this state, '' if that needs no words
    asked_to_end: str  # why it is to end, '' if it is not
    created: float
    started: float | None
    ended: float | None
    exit_code: int | None
    run: str  # name of the run's directory, '' if not known
    tries: int  # how often it was started
    repeat: str
    speaks: bool
    worker: str  # the one that runs it, or ran it last
    place: int | None  # of the worker, where it runs or ran

    @property
    def branch(self) -> str:
        """The branch to show, '' if none is known."""
        return next((ref.branch for ref in self.refs if ref.branch), "")

    @property
    def where(self) -> str:
        """The place to show where it was pushed, '' if none is known."""
        return next((ref.text for ref in self.refs if ref.text), "")

    @property
    def end_if_asked(self) -> State:
        """The state of its end after it was asked to end."""
        superseded = self.asked_to_end.startswith(SUPERSEDED_BY)
        return State.SUPERSEDED if superseded else State.CANCELLED


class QueuedStatus(NamedTuple):
    """A commit status that is to be posted, for which no run speaks."""

    id: int
    entry: int
    sha: str
    state: str  # pending or error
    description: str
    run: str  # name of the run's directory to link to, '' for none


def as_json(entry: Entry) -> dict[str, object]:
    """Return an entry for programs."""
    return entry._asdict() | {"refs": [ref._asdict() for ref in entry.refs]}
