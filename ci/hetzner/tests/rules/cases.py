"""Draws random runs.

Every choice is a number below another one, and 0 is always the simplest choice: a shrinker that
lowers numbers ends at the smallest run that breaks a rule.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol, TypeVar

from lib.common.signal_names import ASKED
from lib.model.job import Job
from lib.scheduler.protocol import StepKind
from tests.rules.reference import Case
from tests.support.fakes import CACHED, Fate

T = TypeVar("T")


class Source(Protocol):
    """Where choices come from."""

    def below(self, bound: int) -> int:
        """Return a number from 0 to bound - 1; 0 is the simplest."""
        ...

    def section(self) -> None:
        """Begin a part that can be left out without changing what follows."""
        ...


class Seeded:
    """Choices from a seed."""

    def __init__(self, seed: str) -> None:
        self._random = random.Random(seed).random

    def below(self, bound: int) -> int:
        return int(self._random() * bound)

    def section(self) -> None:
        """A draw from a seed leaves nothing out."""


MOST_JOBS = 60


def one_of(source: Source, choices: Sequence[T]) -> T:
    return choices[source.below(len(choices))]


def rarely(source: Source, one_in: int) -> bool:
    return source.below(one_in) == one_in - 1


def some(source: Source, names: Sequence[str]) -> list[str]:
    """Return one to three of the names."""
    return list(dict.fromkeys(one_of(source, names) for _ in range(1 + source.below(3))))


@dataclass(frozen=True)
class Mood:
    """The theme of a run: how often it has each feature, once in so many."""

    service: int = 6
    cache: int = 6
    retry: int = 3
    critical: int = 3
    phases: int = 4
    signal: int = 3
    failure: int = 5
    leak: int = 5
    stubborn: int = 6  # ignores TERM; rarer still, outlives KILL


MOODS = (
    Mood(),
    Mood(),
    Mood(service=2, retry=2),
    Mood(service=2, phases=1, retry=1),
    Mood(cache=1, critical=2, signal=1, leak=2, stubborn=2),
    Mood(retry=1, failure=2),
)


def draw_case(source: Source) -> Case:
    """Return a random run."""
    source.section()
    mood = one_of(source, MOODS)
    usual = one_of(source, (2, 2, 2, 2, 2, 2, 5, 5, 8, 30))
    backwards = rarely(source, 4)
    eventful = one_of(source, (1, 1, 0))  # 0: nothing is drawn that only a clock decides
    jobs: list[Job] = []
    fates: dict[str, list[Fate]] = {}
    while len(jobs) < MOST_JOBS:
        source.section()
        if jobs and source.below(usual + 1) == 0:
            break
        job = draw_job(source, jobs, eventful, mood)
        fates[job.name] = [
            draw_fate(source, job, mood) for _ in range(1 + source.below(job.retries + 2))
        ]
        jobs.append(job)
    source.section()
    flags = draw_flags(source, [job.name for job in jobs], eventful, mood)
    absent = [f"{j.name}:{o}" for j in jobs for o in j.outputs if rarely(source, 4)]
    restored = some(source, [job.name for job in jobs]) if rarely(source, 8) else ()
    moment = one_of(source, (0.5, 1, 2.05, 3, 7, 30.01))
    held = {one_of(source, ("m", "n")): moment} if rarely(source, 6) else {}
    if backwards:
        jobs.reverse()
    return Case(
        jobs,
        fates,
        absent=absent,
        held=held,
        restored=dict.fromkeys(restored, "passed in an earlier run"),
        **flags,
    )


def draw_job(source: Source, before: Sequence[Job], eventful: int, mood: Mood) -> Job:
    """Return a job that depends on some of those before it."""
    needs = []
    for _ in range(one_of(source, (0, 1, 1, 2, 3)) if before else 0):
        need = before[-1 - source.below(len(before))]
        output = one_of(source, (None, *need.outputs))
        needs.append(need.name if output is None else f"{need.name}:{output}")
    ends = {job.name for job in before if job.when == "end"}
    last = any(need.split(":")[0] in ends for need in needs)  # no other job can wait for one
    service = bool(eventful) and rarely(source, mood.service)
    outputs = one_of(source, ((), (), ("o",), ("o", "p")))
    return Job(
        f"j{len(before)}",
        "true",
        needs,
        delay=one_of(source, (0, 0, 0, 0, 1, 2.5)),
        fast_fail=rarely(source, mood.critical),
        timeout=one_of(source, (120, 120, 120, 120, 4, 2)),
        outputs={output: f"{len(before)}/{output}" for output in outputs},
        ok_codes=one_of(source, ((0, 5), (0, 5), (0, 5), (0,), (0, 1))),
        retries=1 + source.below(2) if rarely(source, mood.retry) else 0,
        allow_failure=rarely(source, 5),
        service=service,
        resources=one_of(
            source, ({}, {}, {}, {"m": 1}, {"cpu": 1}, {"cpu": 2}, {"m": 1, "cpu": 1}, {"n": 1})
        ),
        testcases=not rarely(source, 3),
        when="end" if last else one_of(source, ("success",) * 5 + ("always", "end")),
        cache=CACHED if not service and rarely(source, mood.cache) else None,
        retry_alone=rarely(source, 4),
        listens=one_of(source, ((), (), (1,), (1, 2))) if service else (),
    )


def draw_fate(source: Source, job: Job, mood: Mood) -> Fate:
    """Return how an attempt goes."""
    seconds = one_of(source, (1, 1, 1, 2, 3, 3, 0, 0.5, 0.5, 7, math.inf))
    code = one_of(source, (1, 5, 127, -9)) if rarely(source, mood.failure) else 0
    leaves = one_of(source, (math.inf, 2, 0)) if rarely(source, mood.leak) else None
    cache_leaves = one_of(source, (math.inf, 1)) if rarely(source, mood.leak) else None
    if job.service:
        leaves = one_of(source, (math.inf, math.inf, None, 3, 0))
        seconds = one_of(source, (1, math.inf, math.inf, 4, 0, 9))
    writes = None
    if job.outputs and source.below(3):
        moments = (0, 0, 0.5, 0.5, 1, 1, 2, 3, None, 8)
        drawn = ((output, one_of(source, moments)) for output in job.outputs)
        writes = {output: moment for output, moment in drawn if moment is not None}
    listens = []
    if job.listens and source.below(4):
        # all at once, one after the other, or one that is given up again
        ways = (((1, 2),), ((1,), (1, 2)), ((1, 2), (2,)), ((1,),), ((2,), (), (1, 2)))
        times = sorted(float(one_of(source, (0, 0.5, 1, 1, 2, 8))) for _ in range(3))
        listens = list(zip(times, map(frozenset, one_of(source, ways)), strict=False))
    taken = one_of(source, (0, 1, 2, 6)) if job.listens and rarely(source, 5) else None
    unstartable = rarely(source, 30)
    return Fate(
        listens=listens,
        taken=taken,
        seconds=seconds,
        code=code,
        leaves=leaves,
        writes=writes,
        removes=tuple(o for o in job.outputs if rarely(source, 4)) if leaves is not None else (),
        ignores_term=rarely(source, mood.stubborn),
        unstartable="no bash" if unstartable else "",
        unkillable=rarely(source, 4 * mood.stubborn),
        cache=one_of(source, (3, 3, 0, 0, 4, 5, 1)) if job.cache else 3,
        stored=one_of(source, (0, 0, 1)) if job.cache else 0,
        cache_seconds=one_of(source, (0.01, 0, 1, 1, 5)) if job.cache else 0.01,
        store_seconds=one_of(source, (0.01, 0, 1, 1, 5)) if job.cache else 0.01,
        cache_leaves=cache_leaves if job.cache else None,
        unstartable_step=StepKind.STORE if unstartable and source.below(2) else None,
    )


def draw_questions(source: Source) -> list[tuple[float, int]]:
    """Return the times of SIGUSR1, which changes nothing."""
    moments = range(source.below(3) if rarely(source, 6) else 0)
    return [(source.below(12) + one_of(source, (0, 0.5)), int(ASKED)) for _ in moments]


def draw_cancels(source: Source, names: Sequence[str]) -> list[tuple[float, str]]:
    """Return the times at which a user cancels jobs."""
    moments = range(1 + source.below(2) if rarely(source, 6) else 0)
    times = [source.below(12) + one_of(source, (0, 0.0005, 0.5)) for _ in moments]
    return [(time, one_of(source, names)) for time in times]


def draw_flags(source: Source, names: Sequence[str], eventful: int, mood: Mood) -> dict[str, Any]:
    """Return the arguments of a run, and the signals and time limit that cut it off."""
    flags: dict[str, Any] = {
        "max_parallel": one_of(source, (None, None, None, 1, 2, 3)),
        "pools": {"cpu": 2},
        "lump": one_of(source, (0.0, 0.0, 1e-9, 0.3, 1.2)),
        "durations": {
            name: seconds for name in names if (seconds := one_of(source, (0, 1, 2, 3, 0.01)))
        },
    }
    if rarely(source, 4):
        flags["only"] = [] if rarely(source, 30) else some(source, names)
    if rarely(source, 60 if "only" not in flags else 3):
        flags["no_deps"] = True
    if rarely(source, 4):
        flags["skip"] = some(source, names)
    if rarely(source, mood.phases):
        likely = flags.get("only") or [n for n in names if n not in flags.get("skip", ())]
        flags["first_jobs"] = [] if rarely(source, 30) else some(source, likely or names)
    if rarely(source, mood.phases):
        flags["first_testcases"] = "x"
    elif rarely(source, 9):
        flags["only_testcases"] = "x"
    if rarely(source, 6):
        flags["shuffle"] = source.below(1000)
    if rarely(source, 6):
        flags["pressure"] = 50.0
        steps = [source.below(12) + one_of(source, (0, 0.5)) for _ in range(source.below(4))]
        flags["pressures"] = [(step, one_of(source, (50.0, 51.0, 99.0))) for step in sorted(steps)]
    if eventful:
        flags["fast_fail"] = rarely(source, mood.critical)
        flags["timeout"] = one_of(source, (math.inf,) * 5 + (3, 8))
        if rarely(source, mood.signal):
            moment = source.below(12) + one_of(source, (0, 0.0005, 0.5))
            later = moment + one_of(source, (0.0, 0.0002, 1, 4))
            second = [(later, 15)] if source.below(2) else []
            flags["signals"] = [(moment, one_of(source, (2, 15, 1))), *second]
        if rarely(source, 12):
            flags["refused"] = dict.fromkeys(some(source, names), "requires cargo")
        flags["signals"] = [*flags.get("signals", ()), *draw_questions(source)]
        flags["cancels"] = draw_cancels(source, names)
    return flags
