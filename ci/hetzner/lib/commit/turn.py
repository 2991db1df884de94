"""The turn of a run: it enters the register of the machine, then waits for its locks.

While it waits it says for whom, and until about when; after a while it says so again.
"""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from lib.commit.request import Request
from lib.common import locks, plain_time, redact
from lib.common.locks import Held
from lib.machine import register as machine_register
from lib.machine.register import Registration


class OtherRunError(OSError):
    """Another run goes on, and this one is not to wait; the message names it."""


@contextlib.contextmanager
def taken(request: Request) -> Iterator[list[Held]]:
    """Hold the locks of a checkout, and be in the register, for the length of a run.

    Raises OtherRunError if another run holds one and this one is not to wait, OSError, and
    Interrupted while it waits.
    """
    config = request.config
    label = redact.of_environment()(f"pipeline.py {request.revision} of {config.repo_dir}")
    with contextlib.ExitStack() as stack:
        registered = machine_register.registered(label, state_dir=str(config.state_dir))
        waiting = _Waiting(stack.enter_context(registered), wait=not request.options.no_wait)
        held = []
        for path in config.locks:
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


def _expected_end(holder: str) -> str:
    """Return `, expected to end in about 3 min`, '' if the register does not tell."""
    if pid := locks.pid_of(holder):
        for run in machine_register.live_runs():
            if run.pid == pid and run.expected_end is not None:
                return f", {plain_time.expected_end(run.expected_end - time.time())}"
    return ""
