"""Makes a log safe to show on a terminal, line by line: its colours stay. Pure."""

from __future__ import annotations

import codecs
import re

from lib.common.plain_text import printable
from lib.report.seen_lines import SEQUENCES

COLOUR = re.compile(r"(\x1b\[[0-9;:]{0,40}m)")  # ECMA-48 8.3.117, SGR
NO_COLOUR = "\x1b[0m"
LONGEST = 64 * 1024  # characters of a line that are held back until its end comes


class TerminalText:
    """Turns the bytes of a log into text, of which each line is whole."""

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""  # of a line whose end has not come
        self._coloured = False

    def feed(self, data: bytes) -> str:
        """Return the text that can be shown now."""
        *lines, self._rest = (self._rest + self._decoder.decode(data)).split("\n")
        shown = "".join(f"{self._safe(line)}\n" for line in lines)
        if len(self._rest) > LONGEST:
            shown, self._rest = shown + self._safe(self._rest), ""
        return shown

    def end(self) -> str:
        """Return the rest, and the sequence that ends all colours."""
        rest = self._safe(self._rest + self._decoder.decode(b"", final=True))
        self._rest = ""
        return f"{rest}\n" * bool(rest) + NO_COLOUR * self._coloured

    def _safe(self, line: str) -> str:
        """Return a line as a terminal would show it at last, without other control characters."""
        if line.isprintable():
            return line
        parts = COLOUR.split(_last_state(line))
        self._coloured |= len(parts) > 1
        return "".join(p if COLOUR.fullmatch(p) else printable(SEQUENCES.sub("", p)) for p in parts)


def _last_state(line: str) -> str:
    """Return the text after the last carriage return that is followed by any."""
    states = [state for state in line.split("\r") if state]
    return states[-1] if states else ""
