"""Finds the problems of one job; `graph_check` checks all jobs together."""

from __future__ import annotations

from collections.abc import Collection
from typing import TYPE_CHECKING

from lib.model.job_fields import (
    LONGEST_NAME,
    NAME,
    NOTHING,
    RUN_LOG,
    command_problems,
    group_problems,
    is_count,
    output_problems,
    path_problems,
    port_problems,
    quantity,
    resource_problems,
    strings,
    variable_problems,
)

if TYPE_CHECKING:
    from lib.model.job import Job


def problems(job: Job) -> list[str]:
    """Return a sentence for each field of a job that cannot be used."""
    found: list[str] = []
    for check in (_check_identity, _check_numbers, _check_collections):
        check(job, found)
    return found


def _check_identity(job: Job, problems: list[str]) -> None:
    if not isinstance(job.name, str) or not NAME.match(job.name):
        problems.append(
            f"name: expected letters, digits, '.', '_' or '-', a letter or digit first, "
            f"found {job.name!r} (it becomes a file name)"
        )
    elif len(job.name) > LONGEST_NAME:
        problems.append(
            f"name: expected at most {LONGEST_NAME} characters, found {len(job.name)} "
            "(it becomes a part of file names): shorten it"
        )
    elif job.name == RUN_LOG:
        problems.append("name: ci.log is the log of the run, choose another name")
    problems += command_problems("cmd", job.cmd)
    if job.cwd != ".":
        problems += path_problems("cwd", job.cwd)
    flags = ("fast_fail", "allow_failure", "service", "testcases", "retry_alone")
    problems += [
        f"{flag}: expected True or False, found {getattr(job, flag)!r}"
        for flag in flags
        if not isinstance(getattr(job, flag), bool)  # the text "false" would count as true
    ]
    if job.when not in ("success", "always", "end"):
        problems.append(f"when: expected 'success', 'always' or 'end', found {job.when!r}")
    called = None if isinstance(job.cache, type) else getattr(job.cache, "to_json", None)
    if job.cache is not None and not callable(called):
        problems.append(f"cache: expected a Cache, found {job.cache!r}")
    if job.service and job.cache is not None:
        problems.append(
            "a service cannot have a cache: other jobs need its processes, which no cache restores"
        )


def _check_numbers(job: Job, problems: list[str]) -> None:
    quantity(problems, "delay", job.delay, 0, "seconds")
    quantity(problems, "timeout", job.timeout, 0, "seconds")
    if job.timeout == 0:
        problems.append("timeout: expected more than 0 seconds, found 0")
    if not is_count(job.retries):
        problems.append(f"retries: expected a count of 0 or more, found {job.retries!r}")
    if not isinstance(job.nice, int) or not -20 <= job.nice <= 19:
        problems.append(f"nice: expected a number from -20 to 19, found {job.nice!r}")


def _check_collections(job: Job, problems: list[str]) -> None:
    strings(problems, "depends_on", job.depends_on)
    strings(problems, "requires", job.requires)
    if job.group != ():
        problems += group_problems(job.group)
    strings(problems, "keep", job.keep, "patterns of files", "*.xml")
    if job.junit != ():
        files = (job.junit,) if isinstance(job.junit, str) else job.junit
        strings(problems, "junit", files, "patterns of files", "out/*.xml")
    if job.env is not NOTHING:
        problems += variable_problems(job.env)
    if job.outputs is not NOTHING:
        problems += output_problems(job.outputs)
    if job.resources is not NOTHING:
        problems += resource_problems(job.resources)
    if not isinstance(job.cpus, Collection) or not all(map(is_count, job.cpus)):
        problems.append(
            f"cpus: expected numbers of processors such as (0, 1), found {job.cpus!r}; how "
            "many a job takes is said by resources={'cpu': 4}"
        )
    if job.listens != ():
        problems += port_problems(job.listens, service=job.service)
    codes = job.ok_codes
    if not isinstance(codes, Collection) or not codes or not all(map(is_count, codes)):
        problems.append(f"ok_codes: expected exit codes such as (0,), found {codes!r}")
