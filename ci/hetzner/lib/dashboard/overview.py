"""What the first page shows. Data only."""

from __future__ import annotations

from typing import NamedTuple

from lib.commit_queue.entry import Entry
from lib.dashboard import box_health
from lib.dashboard.run_lines import RunLine

MOST_WAITING = 50  # entries that are listed


class Item(NamedTuple):
    """An entry of the queue with its run, or either alone: a run may have been started by hand."""

    entry: Entry | None
    run: RunLine | None

    @property
    def state(self) -> str:
        """Its state as a word: that of the entry, which knows why it ended."""
        return self.entry.state.value if self.entry else self.run.state if self.run else ""

    @property
    def whole(self) -> bool:
        """Whether it is a verdict on its commit; the queue lets no other entry pass."""
        return self.entry is not None or self.run is None or self.run.whole

    @property
    def limits(self) -> str:
        """What makes its run less than a verdict on its commit, in words; '' for nothing."""
        return "; ".join(self.run.limits) if self.run else ""

    @property
    def sha(self) -> str:
        """Its commit, '' if that is not known."""
        return self.entry.sha if self.entry else self.run.sha if self.run else ""

    @property
    def where(self) -> str:
        """Where its commit was pushed, '' if that is not known."""
        pushed = self.entry.where if self.entry else ""
        return pushed or (self.run.branch if self.run else "")

    @property
    def began(self) -> float:
        """The time that it is sorted by: of its start, or else of its push."""
        if self.entry:
            return self.entry.started or self.entry.created
        return self.run.started if self.run else 0.0

    @property
    def seconds(self) -> float | None:
        """How long it took, None if it has not ended or never ran."""
        if self.run and self.run.seconds is not None:
            return self.run.seconds
        if self.entry and self.entry.started is not None and self.entry.ended is not None:
            return self.entry.ended - self.entry.started
        return None

    @property
    def run_name(self) -> str:
        """The name of the run's directory, '' if it has none."""
        return self.run.name if self.run else ""


class Overview(NamedTuple):
    """All that the page shows.

    `problems` are sentences; `version` differs after each change; `main` is the first of the
    protected branches that has a verdict, '' for none, and stands first among `branches`.
    """

    title: str
    now: float
    version: str
    main: str
    problems: tuple[str, ...]
    running: tuple[Item, ...]
    waiting: tuple[Entry, ...]
    branches: tuple[tuple[str, Item], ...]
    recent: tuple[Item, ...]
    health: box_health.Health
