"""The actions of a user on the run that goes on, for views with keys."""

from __future__ import annotations

import os
import signal

from lib.processes.executor import ProcessExecutor
from lib.report.view import Controls


def of(executor: ProcessExecutor) -> Controls:
    """Return the controls of the run whose jobs this executor starts."""
    return Controls(executor.cancel_requests.add, _interrupt)


def _interrupt() -> None:
    """Send this process the signal of Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
