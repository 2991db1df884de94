"""Turns the choice of jobs and test cases into the plan of a run.

Pure functions over jobs: no clock, no process, no file.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from lib.model import graph, phases
from lib.model.job import Job
from lib.model.result import Earlier
from lib.model.run_plan import Limits, RunPlan
from lib.model.urgency import remaining_paths, short_jobs, shuffled


class Choice(NamedTuple):
    """The wanted jobs and test cases of a run, and their order; None or '' stands for no wish.

    `shuffle` is the seed of a random order of ready jobs, True for one that the pipeline draws.
    """

    fast_fail: bool = False
    only_jobs: Collection[str] | None = None
    skip_jobs: Collection[str] | None = None
    first_jobs: Collection[str] | None = None
    only_testcases: str = ""
    first_testcases: str = ""
    no_deps: bool = False
    shuffle: int | None = None


class Selection(NamedTuple):
    """The jobs that a run executes (`names`), and those left out on request (`filtered`)."""

    names: tuple[str, ...]
    filtered: tuple[str, ...]


EVERYTHING = Choice()
UNLIMITED = Limits()
NOTHING_RESTORED: Mapping[str, Earlier] = MappingProxyType({})


def listed(choice: Choice) -> Choice:
    """Return the choice with names that can be iterated more than once."""
    return choice._replace(
        only_jobs=_listed(choice.only_jobs),
        skip_jobs=_listed(choice.skip_jobs),
        first_jobs=_listed(choice.first_jobs),
    )


def is_whole(jobs: Sequence[Job], choice: Choice) -> bool:
    """Whether every job runs, with all of its test cases. Raises ValueError as `plan` does."""
    return len(names(jobs, choice)) == len(jobs) and not choice.only_testcases


def asks_for_all(choice: Choice) -> bool:
    """Whether a choice leaves out no job and no test case."""
    return choice.only_jobs is None and not (choice.skip_jobs or choice.only_testcases)


def summary_fields(choice: Choice, *, whole: bool, asked_for_all: bool | None) -> dict[str, object]:
    """Return the fields of a choice in summary.json; `asked_for_all` None: as the choice says."""
    chosen = ("only_jobs", "skip_jobs", "first_jobs")
    given = {name: getattr(choice, name) for name in chosen}
    return {
        "whole": whole,
        "asked_for_all": asks_for_all(choice) if asked_for_all is None else asked_for_all,
        "selection": {
            **{name: None if value is None else list(value) for name, value in given.items()},
            "no_deps": choice.no_deps,
        },
        "filter": {
            "only_testcases": choice.only_testcases,
            "first_testcases": choice.first_testcases,
        },
    }


def names(jobs: Sequence[Job], choice: Choice) -> tuple[str, ...]:
    """Return the jobs that are chosen, in declared order. Raises ValueError as `plan` does."""
    return select(jobs, choice.only_jobs, choice.skip_jobs, no_deps=choice.no_deps).names


def chosen_jobs(jobs: Sequence[Job], choice: Choice) -> list[Job]:
    """Return the same as jobs. Raises ValueError as `plan` does."""
    wanted = set(names(jobs, choice))
    return [job for job in jobs if job.name in wanted]


def select(
    jobs: Sequence[Job],
    only: Collection[str] | None = None,
    skip: Collection[str] | None = None,
    *,
    no_deps: bool,
) -> Selection:
    """Return the jobs to run: the named ones and their needs, less the skipped.

    `job_words` explains the names. A job that only skipped jobs need is not run either. With
    `no_deps` the named ones alone. Raises ValueError for unknown names and a selection of nothing.
    """
    by_name = {job.name: job for job in jobs}
    if only is not None or skip is not None:
        from lib.model import job_words  # late: a run of everything names no job

        only, skip = job_words.meant(by_name, only_jobs=only, skip_jobs=skip)
    if only is not None and not only:
        raise ValueError("only_jobs: expected at least one job, found none; without it all run")
    if no_deps and only is None:
        raise ValueError("no_deps: say with only_jobs which jobs to run alone")
    skipped = set(skip or ())
    wanted = set(by_name if only is None else only) - skipped
    if not no_deps:
        wanted = graph.closure(by_name, wanted, without=skipped)
    if not wanted:
        raise ValueError(
            "the selection holds no job: everything was skipped; skip less, or name other jobs"
        )
    return Selection(
        names=tuple(name for name in by_name if name in wanted),
        filtered=tuple(name for name in by_name if name in skipped),
    )


def plan(
    jobs: Sequence[Job],
    choice: Choice,
    durations: Mapping[str, float],
    limits: Limits = UNLIMITED,
    restored: Mapping[str, Earlier] = NOTHING_RESTORED,
) -> RunPlan:
    """Return the plan of a run.

    Jobs in `restored` do not run. `durations` are the usual seconds of jobs,
    for the order when slots or pools are short. Raises ValueError for a choice that names an
    unknown job, holds none, or contradicts itself, and for a filter of test cases that is no
    string.
    """
    _check_filters(choice)
    only, skip, first = map(_listed, (choice.only_jobs, choice.skip_jobs, choice.first_jobs))
    selected = select(jobs, only, skip, no_deps=choice.no_deps)
    built = phases.build(
        jobs,
        selected.names,
        first_jobs=first,
        only_testcases=choice.only_testcases,
        first_testcases=choice.first_testcases,
        restored=restored,
    )
    chosen = set(selected.names).difference(restored)
    by_name = {job.name: job for job in jobs if job.name in chosen}
    seed = _seed(choice.shuffle)
    short: Collection[str] = frozenset()
    if seed is None:
        urgency = remaining_paths(by_name, durations)
        short = short_jobs(by_name, durations, urgency)
    else:
        urgency = shuffled(by_name, seed)
    return RunPlan(
        built,
        limits,
        fast_fail=choice.fast_fail,
        urgency=urgency,
        short=short,
        filtered=selected.filtered,
        restored=restored,
        seed=seed,
        durations=durations,
    )


def _check_filters(choice: Choice) -> None:
    for name in ("only_testcases", "first_testcases"):
        value = getattr(choice, name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f'{name}: expected a string, such as "x,y", found {value!r}')


def _listed(names: Collection[str] | None) -> Collection[str] | None:
    """Return names that can be iterated more than once, unlike a generator."""
    return names if names is None or isinstance(names, str) else tuple(names)


def _seed(shuffle: int | None) -> int | None:
    """Return the seed of a run's random order, None for no such order. Raises ValueError."""
    if shuffle is None or shuffle is False:
        return None
    if not isinstance(shuffle, int):
        raise ValueError(f"shuffle: expected a whole number, or True for a fresh one: {shuffle!r}")
    return shuffle
