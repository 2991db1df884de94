"""What an attempt, or a helper program, finds in its environment."""

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

# what a program of Python has printed is in its log when it hangs, and not lost in a buffer; so is
# where it hung (timeout_report.termination_signal)
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

    `base` is what every job gets; the number of workers and the place go over it, the job's own
    `env` over both; what the runner itself says (tags, filters, outputs) goes over all.
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
    """Return an environment that says of a helper program which process it was started for."""
    return {**base, TAG: _chain(base, f"{_run_of(os.getpid())}/{what}")}


def place(cwd: Path) -> dict[str, str]:
    """Return what tells a process where it is, as a shell that went there would (POSIX, cd)."""
    return {"PWD": str(cwd)}


@functools.cache
def _run_of(pid: int) -> str:
    return process_table.run_id(process_table.table(), pid)


def _chain(base: Mapping[str, str], part: str) -> str:
    outer = base.get(TAG, "")
    return f"{outer}:{part}" if outer else part
