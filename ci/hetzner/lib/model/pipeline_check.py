"""Finds the problems of a pipeline's arguments, except its jobs; see `graph_check`."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence

from lib.common import log_bytes as sizes
from lib.model.job import Job
from lib.model.job_fields import is_count, is_number, is_text


def text_problems(wait: object, **texts: object) -> list[str]:
    """Return the arguments on the commit that are no text, and `wait` if no bool."""
    problems = [
        f"{name}: expected a text without NUL, found {text!r}"
        for name, text in texts.items()
        if not is_text(text)
    ]
    if not isinstance(wait, bool):  # the text "no" would count as true
        problems.append(f"wait: expected True or False, found {wait!r}")
    return problems


def kind_problems(
    jobs: object, log_dir: object, store: object, cwd: object, resources: object
) -> list[str]:
    """Return the arguments of a wrong type, which no other check can take."""
    if not isinstance(jobs, tuple):
        return [f"jobs: expected a list such as [Job(…)], found {jobs!r}"]
    problems = [
        f"jobs: expected a Job at place {place}, found {job!r}"
        for place, job in enumerate(jobs)
        if not isinstance(job, Job)
    ]
    if log_dir is None and store is None:
        problems.append(
            "log_dir: expected a directory for the logs, or store=DIR for a store in which each "
            "run makes its own, found neither: pass one"
        )
    given = {"log_dir": log_dir, "store": store}
    places = {name: value for name, value in given.items() if value is not None}
    for name, value in {**places, "cwd": cwd}.items():
        if not isinstance(value, str | os.PathLike):
            problems.append(f"{name}: expected the path of a directory, found {value!r}")
    if store == "":
        problems.append("store: expected the path of a directory, found '': leave it out for none")
    if resources is not None and not isinstance(resources, Mapping):
        problems.append(f"resources: expected pools such as {{'cpu': 4}}, found {resources!r}")
    return problems


def number_problems(
    timeout: object,
    grace: object,
    max_parallel: object,
    pressure: object,
    log_bytes: object,
    store_limits: object,
    pools: Mapping[str, object],
) -> list[str]:
    """Return the problems of the numbers, a sentence each."""
    problems = []
    if not is_number(timeout) or timeout <= 0:
        problems.append(f"timeout: expected more than 0 seconds, found {timeout!r}")
    kept = store_limits if isinstance(store_limits, Sequence) else ()
    if len(kept) != 3 or not all(is_number(limit) and limit >= 0 for limit in kept):
        problems.append(
            "store_limits: expected days, runs and bytes such as (30, 200, 5e9), found "
            f"{store_limits!r}"
        )
    if not is_number(grace) or grace < 0:
        problems.append(f"grace: expected 0 or more seconds, found {grace!r}")
    if max_parallel is not None and (not is_count(max_parallel) or max_parallel == 0):
        problems.append(f"max_parallel: expected 1 or more jobs, or None, found {max_parallel!r}")
    if pressure is not None and (not is_number(pressure) or pressure < 0):
        problems.append(f"pressure: expected a percentage, or None, found {pressure!r}")
    if not isinstance(log_bytes, int) or log_bytes < sizes.LEAST:
        problems.append(
            f"log_bytes: expected {sizes.LEAST} or more bytes of a job's log, found {log_bytes!r}"
        )
    problems += [
        f"resources: pool {name!r}: expected 0 or more, found {size!r}"
        for name, size in pools.items()
        if not is_count(size)
    ]
    return problems
