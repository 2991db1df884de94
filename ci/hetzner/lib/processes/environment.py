"""Makes the environment of an attempt, and of a helper program."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.model.phases import Node
from lib.outputs import written
from lib.processes import job_directory, process_table
from lib.processes.process_table import TAG

# when a Python hangs, its log has its output, which no buffer holds back, and its stacks, see
# `timeout_report.termination_signal`
TELLING = {"PYTHONUNBUFFERED": "1", "PYTHONFAULTHANDLER": "1"}


@functools.cache
def filters(text: str) -> Mapping[str, str]:
    """Return a test-case filter as pytest's -k and as Playwright's --grep take it.

    `text` is a list of names, separated by commas ("a or b" and "a|b" are understood as well).
    """
    if not text:
        return {"PYTEST_K_FILTER": "", "PW_GREP_FILTER": ""}
    names = [name for name in re.split(r"\s*,\s*|\s+or\s+|\s*\|\s*", text.strip()) if name]
    return {"PYTEST_K_FILTER": " or ".join(names), "PW_GREP_FILTER": "|".join(names)}


class Environment(NamedTuple):
    """The variables of a process: those of many processes, and its own, which go over them."""

    common: Mapping[str, str]
    own: Mapping[str, str]
    encoded: Sequence[bytes]  # all of them, as execve(2) takes them

    @classmethod
    def of(cls, variables: Mapping[str, str]) -> Environment:
        """Return the environment of one process. Raises ValueError."""
        return cls(variables, {}, list(map(_encoded, variables.items())))

    def get(self, name: str) -> str | None:
        """Return the value of a variable, None if it is not set."""
        return self.own.get(name, self.common.get(name))

    @property
    def variables(self) -> dict[str, str]:
        """All of them."""
        return {**self.common, **self.own}


class Environments:
    """Makes the environments of the attempts of one run.

    `base` is for every job; the number of workers and the place go over it, the job's own `env`
    over both; the runner's own variables (tags, filters, outputs) go over all. Raises ValueError.
    """

    def __init__(
        self, base: Mapping[str, str], *, run: str, cwd: Path, pytest_workers: int
    ) -> None:
        self._base = base
        self._run = run
        self._cwd = cwd
        common = {**TELLING, **base, **place(cwd), "PYTEST_WORKERS": str(pytest_workers)}
        always_own = {*filters(""), "CI_RUN_ID", "CI_JOB", TAG}
        self._common = Environment.of({k: v for k, v in common.items() if k not in always_own})

    def of(self, node: Node) -> Environment:
        """Return the environment of an attempt of this node. Raises ValueError."""
        common, _, encoded = self._common
        own = {
            **node.job.env,
            **filters(node.test_filter if node.filtered else ""),
            **{name: str(written.place(self._cwd, path)) for name, path in node.inputs.items()},
            **({} if node.job.cwd == "." else place(job_directory.of(node.job, self._cwd))),
            "CI_RUN_ID": self._run,
            "CI_JOB": node.job.name,
            TAG: _chain(self._base, f"{self._run}/{node.key}"),
        }
        if common.keys().isdisjoint(own):
            return Environment(common, own, [*encoded, *map(_encoded, own.items())])
        return Environment.of({**common, **own})


@functools.lru_cache(maxsize=256)
def _encoded(item: tuple[str, str]) -> bytes:
    """Return a variable as execve(2) takes it. Raises ValueError for a name that cannot be one."""
    name, value = item
    if "=" in name:
        raise ValueError(f"expected the name of a variable, found {name!r}")
    return os.fsencode(f"{name}={value}")


def tagged(base: Mapping[str, str], what: str) -> dict[str, str]:
    """Return an environment whose tag names the process that a helper program works for."""
    return {**base, TAG: _chain(base, f"{_run_of(os.getpid())}/{what}")}


def place(cwd: Path) -> dict[str, str]:
    """Return the variables for the place of a process, as a shell sets them (POSIX, cd)."""
    return {"PWD": str(cwd)}


@functools.cache
def _run_of(pid: int) -> str:
    return process_table.run_id(process_table.table(), pid)


def _chain(base: Mapping[str, str], part: str) -> str:
    outer = base.get(TAG, "")
    return f"{outer}:{part}" if outer else part
