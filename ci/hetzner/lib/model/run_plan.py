"""What a run is told: what bounds it, and what it is to do. Data only."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.model.cause import Why

DEFAULT_TIMEOUT = 180  # seconds for all jobs of a run together
DEFAULT_CWD = "/repo"


class Limits(NamedTuple):
    """What bounds a run: pools of resources, jobs at once (None: no limit), and seconds.

    Above `pressure`, in percent, starts are held back; None: however busy the machine is.
    """

    pools: Mapping[str, int] = {}
    max_parallel: int | None = None
    timeout: float = math.inf
    pressure: float | None = None


class Orders(NamedTuple):
    """What this run was told.

    `urgency` is a job's longest remaining path in seconds; the jobs in `short` start before all
    others, since they cost next to nothing; `filtered` are the jobs to leave out;
    `refused` those that cannot run at all, with the reason. A `seed` says that the
    urgencies are random numbers, and what they were made from. `notes` are said at the beginning.
    """

    fast_fail: bool = False
    urgency: Mapping[str, float] = {}
    short: Collection[str] = frozenset()
    filtered: Sequence[str] = ()
    refused: Mapping[str, Why] = {}
    seed: int | None = None
    notes: Sequence[str] = ()
