"""The words that run jobs of an earlier run again. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.model import graph
from lib.model.job import Job


def selection(table: Sequence[Job], jobs: Sequence[str], testcases: str = "") -> list[str]:
    """Return the flags that run the jobs and as few others as possible.

    `testcases` is a filter of their test cases, '' for all.
    """
    by_name = {each.name: each for each in table}
    flags = ["--only-jobs", ",".join(jobs)]
    if not any(by_name[name].service for job in jobs for name in graph.all_needs(by_name, job)):
        flags.append("--no-deps")  # what they need is there, but for a service, which has ended
    return [*flags, "--only-testcases", testcases] if testcases else flags
