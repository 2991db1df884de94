"""The words that run one job of an earlier run again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.model import graph
from lib.model.job import Job


def selection(table: Sequence[Job], job: str) -> list[str]:
    """Return the flags that run the job and as few others as possible."""
    by_name = {each.name: each for each in table}
    if any(by_name[name].service for name in graph.all_needs(by_name, job)):
        return ["--only-jobs", job]  # a service has to be started again
    return ["--only-jobs", job, "--no-deps"]  # its needs are there
