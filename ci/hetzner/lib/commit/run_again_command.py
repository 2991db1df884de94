"""The command that runs jobs of an earlier run again. Pure."""

from __future__ import annotations

import shlex
from collections.abc import Sequence

from lib.buckaroo.settings import Settings
from lib.commands.run_again import selection
from lib.model.job import Job


def command(
    program: str,
    sha: str,
    config: Settings,
    table: Sequence[Job],
    jobs: Sequence[str],
    testcases: str = "",
) -> str:
    """Return the command; `sha` is '' for the tree of the checkout itself."""
    words = ["python3", program, sha or "--in-place", "--repo", str(config.repo_dir)]
    words += ["--place", str(config.place)] if config.place else []
    words += ["--state-dir", str(config.state_dir), *selection(table, jobs, testcases)]
    return shlex.join(words)
