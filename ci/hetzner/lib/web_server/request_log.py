"""The lines of the server on standard error: each on one line, bounded, without secrets."""

from __future__ import annotations

import contextlib
import sys

from lib.common import plain_text, redact

LONGEST = 800  # characters of a line
LONGEST_PATH = 200


class RequestLog:
    """Prints lines that strangers have a part in. The secrets are those of its first moment."""

    def __init__(self) -> None:
        self._mask = redact.of_environment()  # once: it reads all of the environment

    def say(self, text: str) -> None:
        """Print a line. Raises nothing."""
        line = plain_text.one_line(redact.shorten(text, LONGEST, self._mask))
        with contextlib.suppress(OSError, ValueError):  # no reader changes an answer
            sys.stderr.write(f"{line}\n")
            sys.stderr.flush()

    def path(self, text: str) -> str:
        """Return a path as it is shown within a line."""
        return redact.shorten(text, LONGEST_PATH, self._mask)
