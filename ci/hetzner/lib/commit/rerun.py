"""The command that runs one job of an earlier run again. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lib.buckaroo.settings import Settings
from lib.model import graph
from lib.model.job import Job


def command(program: str, sha: str, config: Settings, table: Sequence[Job], job: str) -> str:
    """Return the command; `sha` is '' for the tree of the checkout itself."""
    words = ["python3", program, sha or "--in-place", "--repo", str(config.repo_dir)]
    return shlex.join([*words, "--state-dir", str(config.state_dir), *selection(table, job)])


def selection(table: Sequence[Job], job: str) -> list[str]:
    """Return the flags that run the job and as few others as possible."""
    by_name = {each.name: each for each in table}
    if any(by_name[name].service for name in graph.all_needs(by_name, job)):
        return ["--only-jobs", job]  # a service has to be started again
    return ["--only-jobs", job, "--no-deps"]  # its needs are there
