"""Flags of a run that ask earlier runs: for the jobs to restore, and for those to run first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Protocol

from lib.commands.run_options import RunOptions
from lib.model.job import Job
from lib.model.result import Earlier
from lib.model.selection import Choice

if TYPE_CHECKING:
    from lib.proof.proving import Rerun


class StoredPipeline(Protocol):
    """The parts of a pipeline that tell of its earlier runs."""

    @property
    def jobs(self) -> Sequence[Job]:
        """Its jobs."""

    @property
    def store(self) -> Path | None:
        """The directory that keeps its runs, None if none does."""

    @property
    def branch(self) -> str:
        """The branch under test, '' if unknown."""

    @property
    def proven_before(self) -> Callable[..., Rerun]:
        """Return what a run of everything would restore."""

    def set_tree(self, find: Callable[[Path, float | None], tuple[str, bool | None]]) -> None:
        """Take what a function of its directory tells of the tree, unless it is known."""


class EarlierPlan(NamedTuple):
    """The choice of a run, the jobs that it restores, and lines for the beginning of its log."""

    chosen: Choice
    restored: Mapping[str, Earlier]
    notes: Sequence[str]


def plan(pipeline: StoredPipeline, options: RunOptions, workers: Mapping[str, int]) -> EarlierPlan:
    """Return what a run is to do by its flags and earlier runs.

    Raises ValueError for a pipeline that keeps no runs, and OSError.
    """
    chosen, store = options.choice, pipeline.store
    if store is None:
        if options.only_failed or options.failed_first:
            from lib.commands.site import NO_STORE  # late: few pipelines are asked in vain

            raise ValueError(NO_STORE)
        return EarlierPlan(chosen, {}, [])
    if options.only_failed or not (options.chooses or options.show):
        _set_tree(pipeline, store)
    if options.only_failed:
        rerun = pipeline.proven_before(**workers)
        return EarlierPlan(chosen, rerun.restored, rerun.notes)
    if options.failed_first:
        chosen, note = failed_first(store, pipeline.branch, pipeline.jobs, chosen)
        return EarlierPlan(chosen, {}, [note])
    return EarlierPlan(chosen, {}, [])


def failed_first(
    store: Path, branch: str, jobs: Sequence[Job], chosen: Choice
) -> tuple[Choice, str]:
    """Return the choice with the jobs first that failed when they last ran, and a line for the log.

    Raises ValueError for a bad choice, and OSError.
    """
    from lib.model import selection
    from lib.proof import failed_before  # late, as the others: few runs ask for earlier ones
    from lib.run_directories.run_store import RunStore

    names = selection.names(jobs, chosen)
    first = failed_before.jobs(RunStore(store).runs(), branch, names)
    if not first:
        return chosen, "nothing failed when it last ran: the jobs start in the usual order"
    note = f"first what failed when it last ran: {', '.join(first)}"
    return chosen._replace(first_jobs=first), note


def _set_tree(pipeline: StoredPipeline, store: Path) -> None:
    from lib.commands import working_tree

    pipeline.set_tree(lambda cwd, since: working_tree.look(cwd, store, pipeline.jobs, since))
