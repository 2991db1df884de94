"""The actions of a user on the run that goes on, for views with keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable
from typing import NamedTuple


class Controls(NamedTuple):
    """The actions that a run allows, from any thread. After its end they change nothing of it.

    `cancel_job` cancels one job by name, and does nothing if that has ended. `interrupt` ends the
    run as Ctrl-C does.
    """

    cancel_job: Callable[[str], None]
    interrupt: Callable[[], None]


TakeControls = Callable[[Controls], None]  # of a view: called once, before the first job starts


def interrupt() -> None:
    """Send this process the signal of Ctrl-C."""
    os.kill(os.getpid(), signal.SIGINT)
