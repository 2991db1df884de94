"""Makes whole lines of the output of a job, safe to show: masked, without control characters."""

from __future__ import annotations

import codecs
from collections.abc import Callable

from lib.common.plain_text import printable
from lib.common.redact import LONGEST_SECRET
from lib.report.seen_lines import SEQUENCES

LONGEST = 16 * 1024  # characters of a line: longer ones are cut
HELD = LONGEST + LONGEST_SECRET  # the cut may go through a secret, which no mask finds then


class JobLines:
    """The output of one job, of which each line is shown once it is whole."""

    def __init__(self, redact: Callable[[str], str]) -> None:
        self._redact = redact
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._rest = ""  # of a line whose end has not come

    def feed(self, data: bytes) -> list[str]:
        """Return the lines that are whole now."""
        *lines, rest = (self._rest + self._decoder.decode(data)).split("\n")
        self._rest = rest[:HELD]
        return [self._shown(line[:HELD]) for line in lines]

    def end(self) -> list[str]:
        """Return the line whose end did not come, if there is one."""
        rest, self._rest = self._rest + self._decoder.decode(b"", final=True), ""
        return [self._shown(rest)] if rest else []

    def _shown(self, line: str) -> str:
        """Return a line as a terminal shows it at last."""
        masked = self._redact(line)
        if len(line) > LONGEST:
            masked = f"{masked[:-LONGEST_SECRET]} …"
        states = [state for state in masked.split("\r") if state] or [""]
        # masked again without its colors, which may have stood within a secret
        return printable(self._redact(SEQUENCES.sub("", states[-1])))
