"""Tells systemd how a service is, as sd_notify(3) describes. Does nothing where no systemd listens.

Only the main process of a service may tell (`NotifyAccess=main`), so programs that a service starts
get an environment `without` these variables.
"""

from __future__ import annotations

import contextlib
import os
import re
import socket
from collections.abc import Mapping

SOCKET, WATCHDOG, WATCHED = "NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"
NUMBER = re.compile(r"[0-9]{1,20}")  # of 64 bits


class Notifier:
    """The way from this process to systemd. No method waits, and none raises.

    `period` are the seconds from one `alive` to the next, half of the time after which systemd
    takes the service for stuck; None if it does not watch.
    """

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        self._address = _address(environ.get(SOCKET, ""))
        self._told = ""
        self.period = _period(environ) if self._address else None

    def ready(self, status: str) -> None:
        """Say that the service has begun its work."""
        self._told = status
        self._send(f"READY=1\nSTATUS={_line(status)}")

    def status(self, text: str) -> None:
        """Say in a line what the service does; a line that was said last is not said again."""
        if text != self._told:
            self._told = text
            self._send(f"STATUS={_line(text)}")

    def alive(self) -> None:
        """Say that the service is not stuck."""
        self._send("WATCHDOG=1")

    def stopping(self) -> None:
        """Say that the service ends."""
        self._send("STOPPING=1")

    def _send(self, text: str) -> None:
        if not self._address:
            return
        message = text.encode(errors="replace")
        with (
            contextlib.suppress(OSError, ValueError),
            socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as sender,
        ):
            sender.setblocking(False)
            sender.sendto(message, self._address)


def without(environ: Mapping[str, str]) -> dict[str, str]:
    """Return the environment for programs that a service starts."""
    ours = {SOCKET, WATCHDOG, WATCHED}
    return {name: value for name, value in environ.items() if name not in ours}


def _address(name: str) -> str:
    """Return the address of systemd's socket; '' for a kind that is not known.

    A name that begins with '@' is of the abstract namespace (unix(7)).
    """
    if name.startswith("@"):
        return f"\0{name.removeprefix('@')}"
    return name if name.startswith("/") else ""


def _period(environ: Mapping[str, str]) -> float | None:
    """Return half of the watchdog's time (sd_watchdog_enabled(3)), in seconds."""
    microseconds = environ.get(WATCHDOG, "")
    ours = environ.get(WATCHED, str(os.getpid())) == str(os.getpid())
    if not ours or not NUMBER.fullmatch(microseconds):
        return None
    return int(microseconds) / 2_000_000 or None


def _line(text: str) -> str:
    """Return a text as one line: a line end would begin another message."""
    return " ".join(text.split())
