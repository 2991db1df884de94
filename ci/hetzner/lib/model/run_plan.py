"""The plan of a run: its nodes in their phases, its limits, and its options. Data only."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model.cause import Why
from lib.model.phases import Phases
from lib.model.result import Earlier

DEFAULT_TIMEOUT = 180  # seconds for all jobs of a run together
DEFAULT_CWD = "/repo"


class Limits(NamedTuple):
    """The limits of a run.

    `pools` are amounts by resource, `max_parallel` jobs may run at once (None: any number), the
    whole run has `timeout` seconds. Starts are held back while the pressure on the machine is above
    `pressure` percent (None: never). Without `wait` a job fails whose port another run holds.
    """

    pools: Mapping[str, int] = {}
    max_parallel: int | None = None
    timeout: float = math.inf
    pressure: float | None = None
    wait: bool = True


class RunPlan(NamedTuple):
    """The input of the scheduler: the whole plan of a run.

    `urgency` is a job's longest remaining path in seconds: the greatest starts first, after the
    jobs in `short`, which take little time. With a `seed` the urgencies are random numbers made
    from it. `filtered` are the jobs that the selection leaves out. If there are `refused` jobs,
    which cannot run for the reason given, nothing starts. Jobs that are `restored` from an earlier
    run do not start. The log begins with `notes`. `durations` are the usual seconds of jobs, as far
    as they are known.
    """

    phases: Phases
    limits: Limits = Limits()
    fast_fail: bool = False
    urgency: Mapping[str, float] = {}
    short: Collection[str] = frozenset()
    filtered: Sequence[str] = ()
    refused: Mapping[str, Why] = {}
    restored: Mapping[str, Earlier] = {}
    seed: int | None = None
    notes: Sequence[str] = ()
    durations: Mapping[str, float] = {}
