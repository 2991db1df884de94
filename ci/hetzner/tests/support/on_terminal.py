"""Runs a program on a terminal of its own (a pty), with job control, as a user would."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import struct
import sys
import termios
import time
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.support.waiting import PATIENCE

HETZNER = Path(__file__).resolve().parents[2]
# the shell of a terminal: without a history, a start file and colors of its own
COLOR = re.compile(r"\x1b\[[0-9;]*m")
SHELL = ("bash", "--norc", "--noprofile", "--noediting", "-i")
PROGRAM = """
import sys
sys.path.insert(0, {hetzner!r})
from dsl import Job, Pipeline
{before}
sys.exit(Pipeline([{jobs}], "sha", "main", {logs!r}, cwd={cwd!r}, grace=1).main())
"""


def program(directory: Path, jobs: str, before: str = "") -> str:
    """Write a pipeline of these jobs (Python text) into a directory; return a command for it.

    `before` is Python text that is run before.
    """
    file = directory / "pipeline_on_terminal.py"
    logs, cwd = str(directory / "logs"), str(directory)
    file.write_text(
        PROGRAM.format(hetzner=str(HETZNER), jobs=jobs, logs=logs, cwd=cwd, before=before)
    )
    return f"{sys.executable} {file}"


class Terminal:
    """A shell on a terminal. `seen` has all that was written to the screen; `close` ends it."""

    def __init__(self, columns: int = 80, rows: int = 24, env: Mapping[str, str] = {}) -> None:
        self.seen = ""
        self._typed = 0
        self._bytes = b""
        own = {"TERM": "xterm-256color", "PS1": "$ ", "PYTHONUTF8": "1"}
        home = os.environ.get("HOME", "/")
        environ = {"PATH": os.environ["PATH"], "HOME": home, **own, **env}
        self._pid, self._terminal = pty.fork()
        if self._pid == 0:
            os.execvpe(SHELL[0], SHELL, environ)
        self.resize(columns, rows)
        self.until("$ ")

    def resize(self, columns: int, rows: int) -> None:
        """Give the terminal another size."""
        size = struct.pack("HHHH", rows, columns, 0, 0)
        fcntl.ioctl(self._terminal, termios.TIOCSWINSZ, size)

    def type(self, text: str) -> None:
        """Press keys."""
        self._typed = len(self.seen)
        os.write(self._terminal, text.encode())

    def modes(self) -> list[object]:
        """Return the modes of the terminal, as termios(3) has them."""
        return list(termios.tcgetattr(self._terminal))

    def read(self, seconds: float = 0.05) -> str:
        """Return what is written within some time."""
        if not select.select([self._terminal], [], [], seconds)[0]:
            return ""
        try:
            self._bytes += os.read(self._terminal, 65536)
        except OSError:  # EIO: nobody has it open any more
            return ""
        before = len(self.seen)
        self.seen = self._bytes.decode(errors="replace")
        return self.seen[before:]

    def until(self, wanted: str | Callable[[str], bool]) -> str:
        """Read until a text comes, or all is as wanted; return all that came since keys were typed.

        Colors are left out of it. Raises TimeoutError.
        """
        end = time.monotonic() + PATIENCE
        while True:
            self.read()
            read = COLOR.sub("", self.seen[self._typed :])
            if wanted in read if isinstance(wanted, str) else wanted(read):
                return read
            if time.monotonic() > end:
                raise TimeoutError(f"expected {wanted!r} on the terminal, found {read!r}")

    def close(self) -> None:
        """Hang up, once, and wait for the shell."""
        if self._pid:
            os.close(self._terminal)
            os.waitpid(self._pid, 0)
            self._pid = 0
