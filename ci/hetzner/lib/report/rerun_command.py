"""Tells the command that runs failed jobs again, with the failed test cases alone if it can."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from lib.common.plain_text import complaint


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


class AskedOnce:
    """The commands that run failed jobs of one run again; each is made once.

    `rerun` is the caller's, and may break: `say` gets a line of the log on it, and there is no
    command for these jobs. Only a `RerunCommand` is asked for several jobs. `testcases` returns the
    filter that selects the failed test cases of jobs, '' for all.
    """

    def __init__(
        self,
        rerun: Callable[[str], str] | None,
        testcases: Callable[[Sequence[str]], str],
        say: Callable[[str], None],
    ) -> None:
        self._rerun = rerun
        self._testcases = testcases
        self._say = say
        self._made: dict[tuple[str, ...], str] = {}

    def of(self, jobs: Sequence[str]) -> str:
        """Return the command that runs these jobs again, '' if there is none."""
        asked = tuple(jobs)
        if asked not in self._made:
            self._made[asked] = self._make(asked)
        return self._made[asked]

    def _make(self, jobs: Sequence[str]) -> str:
        try:
            made: object = self._ask(jobs)
            if not made:
                return ""
            if isinstance(made, str):
                return made
            raise TypeError(f"expected a text, found a value of type {type(made).__name__}")
        except KeyboardInterrupt:
            raise
        except BaseException as error:  # noqa: BLE001 - the caller's code may break in any way
            named = jobs[0] if len(jobs) == 1 else f"{len(jobs)} jobs"
            self._say(f"NOTE  {named}: no command to run again: rerun broke: {complaint(error)}")
            return ""

    def _ask(self, jobs: Sequence[str]) -> str:
        if isinstance(self._rerun, RerunCommand):
            return self._rerun.of(jobs, self._testcases(jobs))
        return self._rerun(jobs[0]) if self._rerun and len(jobs) == 1 else ""
