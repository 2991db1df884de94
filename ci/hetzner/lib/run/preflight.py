"""Finds the jobs that cannot run at all, before any starts."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from lib.model.cause import Cause, Why
from lib.model.declaration_error import by_default
from lib.model.job import Job
from lib.model.run_plan import DEFAULT_CWD, RunPlan
from lib.processes import job_directory, programs, script_check
from lib.processes.launch import Place

LeaveOut = Callable[[Sequence[str]], str]  # returns the flag that leaves these jobs out


def check(plan: RunPlan, place: Place, leave_out: LeaveOut) -> RunPlan:
    """Return the plan with the jobs that cannot run as refused, and a note with their needs.

    Raises ValueError for a working directory that is not there.
    """
    if not place.cwd.is_dir():
        found = "something else" if place.cwd.exists() else "nothing"
        hint = by_default("cwd", str(place.cwd), DEFAULT_CWD)
        raise ValueError(f"cwd: expected a directory, found {found} at {place.cwd}{hint}")
    jobs = [node.job for node in plan.phases.nodes if node.job.name not in plan.restored]
    lacking = programs.lacking(jobs, place.env, place.cwd)
    notes = [*plan.notes, *script_check.line_ends(jobs, place.cwd)]
    if lacking:
        notes.append(programs.describe_missing(lacking, leave_out))
    return plan._replace(refused=_refused(jobs, place, lacking, leave_out), notes=notes)


def _refused(
    jobs: Sequence[Job], place: Place, lacking: Mapping[str, Sequence[str]], leave_out: LeaveOut
) -> dict[str, Why]:
    """Return the jobs that cannot run, each with the reason."""
    found = {
        name: Why(problem, Cause.NOT_STARTED)
        for name, problem in job_directory.problems(jobs, place.cwd).items()
    }
    found |= {
        name: Why(
            f"requires {', '.join(missing)}, not found on PATH: install it, or leave the job out: "
            f"{leave_out([name])}",
            Cause.MISSING_PROGRAM,
        )
        for name, missing in lacking.items()
    }
    if bash := programs.find("bash", place.env, place.cwd):
        for name, text in script_check.syntax_errors(jobs, bash).items():
            more = [found[name].text] if name in found else []
            found[name] = Why("; ".join([*more, text]), Cause.SYNTAX)
    return found
