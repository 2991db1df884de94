"""The keys of a terminal: each is read at once and not echoed, while we are in its foreground."""

from __future__ import annotations

import contextlib
import os
import select
import termios
from typing import Any

READ = 256  # bytes at once
# the first byte of a sequence, and the seconds in which the others come: else it is a key itself
ESCAPE, REST = b"\x1b", 0.05
LFLAG, CC = 3, 6  # places in the list of termios.tcgetattr


def in_foreground(descriptor: int) -> bool:
    """Whether a terminal listens to our process group; also if it controls no session of ours."""
    try:
        return os.tcgetpgrp(descriptor) == os.getpgrp()
    except OSError:  # ENOTTY: it has no say over us
        return True


class Keyboard:
    """The modes of a terminal, which `leave` gives back as `enter` has found them.

    Signal keys (Ctrl-C, Ctrl-Z) stay signals. Without a terminal nothing is ever read. The thread
    that calls it blocks SIGTTOU and SIGTTIN: a change of modes would stop the program if a shell
    has just put it into the background (tcsetattr(3)).
    """

    def __init__(self, descriptor: int | None) -> None:
        self._descriptor = descriptor
        self._before: list[Any] | None = None

    @property
    def entered(self) -> int | None:
        """The descriptor to wait for, None while keys are not read."""
        return None if self._before is None else self._descriptor

    def enter(self) -> None:
        """Have keys come one by one and without an echo."""
        if self._descriptor is None or self._before is not None:
            return
        try:
            before = termios.tcgetattr(self._descriptor)
            termios.tcflush(self._descriptor, termios.TCIFLUSH)  # they were typed for a shell
            modes = list(before)
            modes[CC] = list(before[CC])
            modes[LFLAG] &= ~(termios.ICANON | termios.ECHO)
            modes[CC][termios.VMIN], modes[CC][termios.VTIME] = 1, 0
            termios.tcsetattr(self._descriptor, termios.TCSANOW, modes)
        except termios.error:  # it is gone
            self._descriptor = None
            return
        self._before = before

    def read(self) -> bytes:
        """Return the keys that were pressed; call it when the descriptor is readable."""
        if self._descriptor is None:
            return b""
        try:
            data = os.read(self._descriptor, READ)
            if data.endswith(ESCAPE) and select.select([self._descriptor], [], [], REST)[0]:
                data += os.read(self._descriptor, READ)
        except OSError:
            data = b""
        if not data:  # it is gone, and would be readable for ever
            self._descriptor = None
        return data

    def leave(self) -> None:
        """Give the modes back."""
        before, self._before = self._before, None
        if before is not None and self._descriptor is not None:
            with contextlib.suppress(termios.error):
                termios.tcsetattr(self._descriptor, termios.TCSANOW, before)
