"""The place that a command asks: its store, its jobs, and the way to run them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common.waste import Waste
from lib.model.job import Job
from lib.run_directories import retention
from lib.run_directories.retention import Limits

NO_STORE = (
    "expected a pipeline with a store, found one without: pass Pipeline(store=DIR), so that it "
    "keeps its runs"
)


class Site(NamedTuple):
    """The place that a command asks.

    - `store`: the directory with `runs/`, `logs/` and `history.db`; None: the pipeline keeps none.
    - `program`: the words that call this pipeline again; more may be put behind them.
    - `jobs`: returns the jobs of the pipeline.
    - `limits`: the bounds of the store.
    - `more_waste`: finds what else may go; it gets the time in seconds since the epoch.
    - `run`: runs the pipeline with further arguments and returns the exit code.
    - `rerun`: returns the command that runs again what a run of a commit ('': of the working tree)
      has not proven, '' if there is none.
    - `repo`: returns a directory in the repository under test. Raises ValueError if there is none.
    """

    store: Path | None
    program: Sequence[str]
    jobs: Callable[[], Sequence[Job]]
    run: Callable[[Sequence[str]], int]
    limits: Limits = retention.DEFAULT
    more_waste: Callable[[float], Iterable[Waste]] = lambda _: ()
    repo: Callable[[], Path] = Path.cwd
    rerun: Callable[[str], str] = lambda _: ""

    def kept(self) -> Path:
        """Return the store. Raises ValueError, with the remedy, for a pipeline without one."""
        if self.store is None:
            raise ValueError(NO_STORE)
        return self.store
