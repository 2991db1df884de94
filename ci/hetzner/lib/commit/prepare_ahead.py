"""Makes things ready for a run that is to come: objects of its commit, its tree, its dependencies.

Nothing of it counts: it has no directory among the runs, no status, no history, no proof. The run
checks its tree out anew, and looks itself at what is prepared by its content.
"""

from __future__ import annotations

import dataclasses
import os
from collections.abc import Callable
from pathlib import Path

from lib.buckaroo.placeholders import make_placeholders
from lib.commands.program import complain
from lib.commit import disk_room
from lib.commit.request import Request
from lib.commit.tested_commit import TestedCommit
from lib.git.checkout import CheckoutError
from lib.leftovers import stale_checkouts
from lib.machine import turn
from lib.model.verdict import FAILED

BUSY = 75  # exit code of a place that a run holds: EX_TEMPFAIL of sysexits.h
LOWEST = 19  # the nice value of all its processes, which inherit it
LOGS = "prepare"  # in the work directory

Jobs = Callable[[Request, TestedCommit, Path], int]


def run(request: Request, run_jobs: Jobs) -> int:
    """Prepare a commit at its place, and return the exit code: 0 also if there was nothing to do.

    `run_jobs` runs all jobs of a request on a commit, with their logs in a directory. Raises
    OSError, ValueError and Interrupted.
    """
    os.setpriority(os.PRIO_PROCESS, 0, LOWEST)
    config, label = request.config, f"prepares: {request.label}"
    try:
        with turn.taken(config.locks, label, config.state_dir, wait=False):
            return _prepare(request, run_jobs)
    except turn.OtherRunError as error:
        complain(f"nothing is prepared: {error}")
        return BUSY
    except CheckoutError as error:
        complain(f"nothing is prepared: {error}")
        return FAILED


def _prepare(request: Request, run_jobs: Jobs) -> int:
    config = request.config
    disk_room.require(config, _say)
    stale_checkouts.record(config)
    commit = TestedCommit(request)
    commit.prepare(_say)
    make_placeholders(commit.tree)
    config.work_dir.mkdir(parents=True, exist_ok=True)
    to_do = request.preparations(commit.tree).to_do
    for name, why in to_do.items():
        _say(f"LOCKS {why}: {name} runs")
    # without their resources: no job of a run that goes on is to wait for one of these
    jobs = [job.but(resources={}) for job in request.table if job.name in to_do]
    if not jobs:
        return 0
    return run_jobs(dataclasses.replace(request, table=jobs), commit, config.work_dir / LOGS)


def _say(line: str) -> None:
    print(line, flush=True)
