"""Tells of a corpus on the console, which may go away, and in a file, which stays."""

from __future__ import annotations

import contextlib
import os
import sys
import time
from collections.abc import Sequence
from pathlib import Path

from lib.common import files, redact
from lib.common.plain_text import printable


class LineWriter:
    """Prints lines, without secrets, and appends them to a file. Its errors change nothing."""

    def __init__(self, path: Path, *, stderr: bool) -> None:
        self._path = path
        self._stderr = stderr

    def __call__(self, text: str) -> None:
        """Tell one line."""
        self.table([f"[{time.strftime('%H:%M:%S')}] {text}"])

    def table(self, lines: Sequence[str]) -> None:
        """Tell lines without the time."""
        text = "\n".join(printable(redact.of_environment()(line)) for line in lines)
        # a program of the project prints to a console that raises nothing
        print(text, file=sys.stderr if self._stderr else sys.stdout, flush=True)
        with contextlib.suppress(OSError):
            handle = files.open_file(self._path, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                os.write(handle, f"{text}\n".encode(errors="replace"))
            finally:
                os.close(handle)
