"""Turns the choice of jobs and test cases into the plan of a run.

Pure functions over jobs: no clock, no process, no file.
"""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model import graph, phases
from lib.model.job import Job
from lib.model.run_plan import Limits, RunPlan


class Choice(NamedTuple):
    """Which jobs and test cases of a pipeline to run, and how; None or '' is what is not asked for.

    `shuffle` is the seed of a random order of ready jobs, True for a fresh one.
    """

    fast_fail: bool = False
    only_jobs: Collection[str] | None = None
    skip_jobs: Collection[str] | None = None
    first_jobs: Collection[str] | None = None
    only_testcases: str = ""
    first_testcases: str = ""
    no_deps: bool = False
    shuffle: int | None = None


EVERYTHING = Choice()
UNLIMITED = Limits()


def listed(choice: Choice) -> Choice:
    """Return the choice with names that can be gone through more than once."""
    return choice._replace(
        only_jobs=_listed(choice.only_jobs),
        skip_jobs=_listed(choice.skip_jobs),
        first_jobs=_listed(choice.first_jobs),
    )


def is_whole(jobs: Sequence[Job], choice: Choice) -> bool:
    """Whether every job runs, with all of its test cases. Raises ValueError as `plan` does."""
    return len(names(jobs, choice)) == len(jobs) and not choice.only_testcases


def facts(choice: Choice, *, whole: bool) -> dict[str, object]:
    """Return what summary.json says of a choice."""
    chosen = ("only_jobs", "skip_jobs", "first_jobs")
    given = {name: getattr(choice, name) for name in chosen}
    return {
        "whole": whole,
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
    return graph.select(jobs, choice.only_jobs, choice.skip_jobs, no_deps=choice.no_deps).names


def plan(
    jobs: Sequence[Job],
    choice: Choice,
    durations: Mapping[str, float],
    limits: Limits = UNLIMITED,
) -> RunPlan:
    """Return the plan of a run.

    `durations` are the usual seconds of jobs, for the order when slots or pools are short. Raises
    ValueError for a choice that names an unknown job, holds none, or contradicts itself, and for a
    filter of test cases that is no string.
    """
    _check_filters(choice)
    only, skip, first = map(_listed, (choice.only_jobs, choice.skip_jobs, choice.first_jobs))
    selection = graph.select(jobs, only, skip, no_deps=choice.no_deps)
    built = phases.build(
        jobs,
        selection.names,
        first_jobs=first,
        only_testcases=choice.only_testcases,
        first_testcases=choice.first_testcases,
    )
    chosen = set(selection.names)
    by_name = {job.name: job for job in jobs if job.name in chosen}
    seed = _seed(choice.shuffle)
    short: Collection[str] = frozenset()
    if seed is None:
        urgency = graph.remaining_paths(by_name, durations)
        short = graph.short(by_name, durations, urgency)
    else:
        urgency = graph.shuffled(by_name, seed)
    return RunPlan(
        built,
        limits,
        fast_fail=choice.fast_fail,
        urgency=urgency,
        short=short,
        filtered=selection.filtered,
        seed=seed,
    )


def _check_filters(choice: Choice) -> None:
    for name in ("only_testcases", "first_testcases"):
        value = getattr(choice, name)
        if value is not None and not isinstance(value, str):
            raise ValueError(f'{name}: expected a string, such as "x,y", found {value!r}')


def _listed(names: Collection[str] | None) -> Collection[str] | None:
    """Return names that can be gone through more than once, as those of a generator cannot."""
    return names if names is None or isinstance(names, str) else tuple(names)


def _seed(shuffle: int | None) -> int | None:
    """Return the seed of a run's random order, a fresh one for True, None for no such order."""
    if shuffle is None or shuffle is False:
        return None
    if shuffle is True:
        return int.from_bytes(os.urandom(4), "big")
    if not isinstance(shuffle, int):
        raise ValueError(f"shuffle: expected a whole number, or True for a fresh one: {shuffle!r}")
    return shuffle
