"""Tells the command that runs failed jobs again, with the failed test cases alone if it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence


class RerunCommand:
    """A `rerun` that also knows the command for several jobs, and for some test cases of them.

    `command` gets the names of the jobs, and the filter of their test cases ('': all).
    """

    def __init__(self, command: Callable[[Sequence[str], str], str]) -> None:
        self._command = command

    def __call__(self, job: str) -> str:
        """Return the command that runs one job again."""
        return self._command([job], "")

    def of(self, jobs: Sequence[str], testcases: str = "") -> str:
        """Return the command that runs these jobs again."""
        return self._command(jobs, testcases)
