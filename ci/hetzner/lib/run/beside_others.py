"""The side of a run that faces the other runs of its machine: its entry in the register, its locks.

Neither changes a verdict. If the place that runs share cannot be used, a line of the log says so.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from lib.common.redact import shorten
from lib.machine import place as machine_place
from lib.machine import register as machine_register
from lib.machine.register import Registration
from lib.model.run_plan import RunPlan
from lib.report.run_reports import RunReports
from lib.run_directories import log_directory
from lib.scheduler.protocol import MachineShare

if TYPE_CHECKING:
    from lib.run.expected_end import ExpectedEnd

LONGEST_LABEL = 100  # characters of a command
UNKNOWN = "the other runs of this machine do not know of this one, nor of its ports"


@contextlib.contextmanager
def registered(
    plan: RunPlan,
    logs: Path,
    store: Path | None,
    redact: Callable[[str], str],
    reports: RunReports,
    expected_end: ExpectedEnd | None,
) -> Iterator[MachineShare | None]:
    """Be in the register of live runs for the length of a run of jobs.

    Yield what holds their ports and shared pools, None for a run that needs neither. The others are
    told of its expected end.
    """

    def note(text: str) -> None:
        reports.log.line(f"NOTE  {text}")

    fields: dict[str, object] = {"log_dir": str(logs)}
    if store:
        fields["state_dir"] = str(store)
    label = shorten(log_directory.command(redact), LONGEST_LABEL)
    with machine_register.registered(label, **fields) as registration:
        if registration.problem:
            note(f"{UNKNOWN}: {registration.problem}")
        elif expected_end is not None:
            expected_end.tell(lambda moment: registration.change(expected_end=moment))
        yield _share(plan, registration, note)


def _share(
    plan: RunPlan, registration: Registration, note: Callable[[str], None]
) -> MachineShare | None:
    jobs = [node.job for node in plan.phases.nodes if node.job.resources]
    if not jobs:
        return None
    from lib.machine import claims as machine_claims  # late, both: few runs have ports

    pools = machine_place.shared_pools(plan.limits.pools)
    if not any(machine_claims.needs(job.resources, pools) for job in jobs):
        return None
    from lib.machine import run_locks as machine_locks

    return machine_locks.MachineLocks(
        registration, note, pools=pools, usual=plan.durations, wait=plan.limits.wait
    )
