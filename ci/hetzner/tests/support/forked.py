"""Runs functions in processes of their own that report lines."""

from __future__ import annotations

import os
import signal
import traceback
from collections.abc import Callable

Report = Callable[[object], object]


class Forked:
    """A process that calls a function; `report` of the function writes a line to us.

    It has to be made while this process has one thread only.
    """

    def __init__(self, what: Callable[[Report], None]) -> None:
        self._pipe, theirs = os.pipe()
        self._pid = os.fork()
        if self._pid:
            os.close(theirs)
            return
        code = 1
        try:
            what(lambda line: os.write(theirs, f"{line}\n".encode()))
            code = 0
        except BaseException:  # noqa: BLE001 - told by the exit code
            traceback.print_exc()
        finally:
            os._exit(code)

    def kill(self) -> None:
        """Send SIGKILL."""
        os.kill(self._pid, signal.SIGKILL)

    def lines(self) -> list[str]:
        """Return the whole lines that it has reported, when it has ended; and forget it."""
        with os.fdopen(self._pipe, "rb") as pipe:
            found = pipe.read().decode().split("\n")[:-1]
        self.status = os.waitstatus_to_exitcode(os.waitpid(self._pid, 0)[1])
        return found
