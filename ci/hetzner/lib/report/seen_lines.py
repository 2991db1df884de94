"""The lines of a text as a terminal shows them, without the sequences that it obeys. Pure.

Meters write over their own text: it counts once, and stays if it named a failure. A text may hold
anything, so each line is searched once for that, however often a cursor goes up in front of it.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from lib.report import failure_lines

FAILURES = 10  # at most, of lines that are written over at once, that stay
SCREEN = 50  # lines: further up nothing is overwritten
MOST_LINES = 50_000  # that are looked at, and times that one line is begun anew: the last ones
# ECMA-48 8.3: sequences that begin a line anew (CHA to its first column, EL 2) or go up in front of
# it (CUU, CPL); meters overwrite their text with them
REWRITE = re.compile(r"\x1b\[(?:[01]?G|2K|\d{2,4}D)")
UP = re.compile(r"\x1b\[(\d{0,3})[AF]")
# sequences that a terminal obeys and does not show: ECMA-48 5.4 (control sequences: colours), 5.6
# (control strings: titles, links), ECMA-35 13 (other escape sequences)
SEQUENCES = re.compile(
    r"(?:\x1b\[|\x9b)[0-?]*[ -/]*[@-~]"
    r"|(?:\x1b[]PX^_]|[\x9d\x90\x98\x9e\x9f])[^\x00-\x1f\x7f-\x9f]*(?:\x07|\x1b\\|\x9c)"
    r"|\x1b(?:[ -/]+[0-~]|[0-OQ-WYZ\\`-~])"
)
COLOUR = re.compile(r"\x1b\[[\d;:]{0,60}m")  # SGR: colours and the like
BUT_COLOURS = re.compile(rf"(?!{COLOUR.pattern})(?:{SEQUENCES.pattern})")
BACK = re.compile(r"\x08{2,}")  # a meter goes back over its text


def as_seen(text: str, obeyed: re.Pattern[str] = SEQUENCES) -> list[str]:
    """Return the lines of a text as a terminal shows them; of blank ones in a row the first.

    The sequences that are `obeyed` are left out. Only newlines end a line: others (form feeds) are
    shown.
    """
    seen = _Seen()
    for raw in _last_parts(text, "\n"):
        over: Sequence[str] = ()
        last = raw
        if not raw.isprintable():
            if "\x1b" in raw:
                seen.go_up(sum(int(count or 1) for count in UP.findall(raw)))
                raw = REWRITE.sub("\r", raw)
            *over, last = _states(raw, obeyed)
        seen.add(over, last)
    lines = seen.lines
    return lines[:-1] if lines and not lines[-1] else lines


def without_colours(line: str) -> str:
    """Return a line without its sequences for colours."""
    return COLOUR.sub("", line) if "\x1b" in line else line


class _Seen:
    """The lines so far; the cursor is below the last one."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self._stays: list[bool] = []  # for each line: it was written over, and names a failure

    def add(self, over: Sequence[str], last: str) -> None:
        """Add a line, and those of its texts that named a failure before they were written over."""
        if over:
            self._append([over[number] for number in _failed(over)], stays=True)
        blank = not without_colours(last).strip()
        if not blank or (self.lines and self.lines[-1]):
            self._append(["" if blank else last], stays=False)

    def go_up(self, count: int) -> None:
        """Write over some lines: of them those stay that name a failure."""
        start = max(0, len(self.lines) - min(count, SCREEN))
        fresh = [n for n in range(start, len(self.lines)) if not self._stays[n]]
        if not fresh:
            return
        named = {fresh[place] for place in _failed([self.lines[n] for n in fresh])}
        gone = {*fresh} - named
        left = [line for n, line in enumerate(self.lines[start:], start) if n not in gone]
        del self.lines[start:], self._stays[start:]
        self._append(left, stays=True)

    def _append(self, lines: Sequence[str], *, stays: bool) -> None:
        self.lines += lines
        self._stays += [stays] * len(lines)


def _failed(lines: Sequence[str]) -> list[int]:
    """Return the places of lines that name a failure."""
    return failure_lines.pick([*map(without_colours, lines)], FAILURES)


def _last_parts(text: str, end: str) -> list[str]:
    """Return the parts of a text between ends, the last ones of very many."""
    parts = text.rsplit(end, MOST_LINES)
    return parts[1:] if len(parts) > MOST_LINES else parts


def _states(raw: str, obeyed: re.Pattern[str]) -> list[str]:
    """Return the texts of a line, each until it was begun anew."""
    states = [obeyed.sub("", _stepped_back(state)) for state in _last_parts(raw, "\r")]
    return [state for state in states if without_colours(state).strip()] or [""]


def _stepped_back(state: str) -> str:
    """Return a text without the characters that backspaces went back over."""
    if "\b\b" not in state:
        return state
    left: list[str] = []
    end = 0
    for back in BACK.finditer(state):
        left += state[end : back.start()]
        del left[max(0, len(left) - len(back[0])) :]
        end = back.end()
    return "".join(left) + state[end:]
