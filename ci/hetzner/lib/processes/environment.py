"""Makes the environment of an attempt, and of a helper program."""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Mapping
from pathlib import Path

from lib.model.phases import Node
from lib.outputs import signature
from lib.processes import process_table
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


def environment(
    base: Mapping[str, str], node: Node, *, run: str, cwd: Path, pytest_workers: int
) -> dict[str, str]:
    """Return the environment of an attempt of this node.

    `base` is for every job; the number of workers and the place go over it, the job's own `env`
    over both; the runner's own variables (tags, filters, outputs) go over all.
    """
    return {
        **TELLING,
        **base,
        **place(cwd),
        "PYTEST_WORKERS": str(pytest_workers),
        **node.job.env,
        **filters(node.test_filter if node.filtered else ""),
        **{name: str(signature.place(cwd, path)) for name, path in node.inputs.items()},
        "CI_RUN_ID": run,
        "CI_JOB": node.job.name,
        TAG: _chain(base, f"{run}/{node.key}"),
    }


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
