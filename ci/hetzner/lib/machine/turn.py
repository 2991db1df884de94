"""The turn of a run: it enters the register of the machine, then waits for its locks.

While it waits it says for whom, and until about when; after a while it says so again.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.common import locks, plain_time
from lib.common.locks import Held
from lib.machine import register as machine_register
from lib.machine.register import Registration
from lib.processes import process_table


class OtherRunError(OSError):
    """Another run goes on, and this one is not to wait; the message names it."""


@contextlib.contextmanager
def taken(
    paths: Sequence[Path], label: str, state_dir: Path, *, wait: bool
) -> Iterator[list[Held]]:
    """Hold lock files, and be in the register as `label`, for the length of a run.

    Raises OtherRunError if another run holds one and this one is not to `wait`, OSError, and
    Interrupted while it waits.
    """
    with contextlib.ExitStack() as stack:
        registered = machine_register.registered(label, state_dir=str(state_dir))
        waiting = _Waiting(stack.enter_context(registered), wait=wait)
        held = []
        for path in paths:
            held.append(stack.enter_context(locks.lock(path, label, waiting=waiting)))
            waiting.over()
        yield held


class _Waiting:
    """Tells people and the register for whom this run waits."""

    def __init__(self, registration: Registration, *, wait: bool) -> None:
        self._registration = registration
        self._wait = wait
        self._told = ""

    def __call__(self, holder: str) -> None:
        if _is_above_us(holder):
            raise OtherRunError(
                f"expected that no run goes on here, found {holder}, which has started this one "
                "in a job and would wait for it: run this one in another directory"
            )
        named = f"{holder}{_expected_end(holder)}"
        if not self._wait:
            raise OtherRunError(
                f"expected that no other run goes on here, found {named}: wait for its end, "
                "or leave out --no-wait"
            )
        self._registration.change(waits_for=holder)
        print(f"{'still ' * (holder == self._told)}waiting for {named}", flush=True)
        self._told = holder

    def over(self) -> None:
        if self._told:
            self._registration.change(waits_for="")
            self._told = ""


def _is_above_us(holder: str) -> bool:
    """Whether the holder is a process that has started this one."""
    found, table, pid = locks.pid_of(holder), process_table.table(), os.getppid()
    while found and pid > 1 and (process := table.read(pid)):
        if pid == found:
            return True
        pid = process.ppid
    return False


def _expected_end(holder: str) -> str:
    """Return `, expected to end in about 3 min`, '' if the register does not tell."""
    if pid := locks.pid_of(holder):
        for run in machine_register.live_runs():
            if run.pid == pid and run.expected_end is not None:
                return f", {plain_time.expected_end(run.expected_end - time.time())}"
    return ""
