"""Shows the end of a log: text that is safe to print and in which a failure can be seen.

These are the last lines, as a terminal would show them, and before them lines further up that name
a failure, if later ones (teardown, summaries, meters) have pushed them away.
"""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.common import files
from lib.common.plain_text import printable
from lib.common.redact import LONGEST_SECRET, masked_end
from lib.processes import timeout_report
from lib.report import failure_lines

LINES = 20  # the last ones
MOST_LINES = 80  # with the runner's report on a job that has run out of time
FAILURES = 10  # at most, of those before them that name a failure
SCREEN = 50  # lines: further up nothing is overwritten
WIDTH = 1000  # characters of a line: longer ones are cut in the middle
READ = 2 * 1024 * 1024  # bytes of a log that are read, from its end
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


def shown(log: Path, redact: Callable[[str], str] = str, *, colours: bool = False) -> list[str]:
    """Return the lines to show of a log. Never raises, never waits for a pipe.

    With `colours` they keep their sequences for colours (SGR), and no others.
    """
    try:
        text, whole = _end(log)
    except files.NotAFileError as error:
        return [f"(something else than a file is in the place of its log: {error.strerror})"]
    except OSError as error:
        return [f"(its log cannot be read: {error.strerror})"]
    # masked again when colours are gone, which may have stood within a secret
    text = redact(text) if whole else f"…{masked_end(text, redact)}"
    seen = as_seen(text, BUT_COLOURS if colours else SEQUENCES)
    lines = redact("\n".join(map(without_colours, seen))).split("\n")
    if lines == [""]:
        return ["(its log is empty)"]
    start = _start(lines)
    named: Sequence[int] = failure_lines.pick(lines[:start], FAILURES)
    looks = seen if colours and len(seen) == len(lines) else lines
    last = [_fitting(looks[n], lines[n]) for n in range(start, min(start + MOST_LINES, len(lines)))]
    if not named:
        return last
    further = (_fitting(looks[n], lines[n]) for n in named)
    return ["(further up:)", *further, "(at the end:)", *last]


def without_colours(line: str) -> str:
    """Return a line without its sequences for colours."""
    return COLOUR.sub("", line) if "\x1b" in line else line


def _start(lines: Sequence[str]) -> int:
    """Return the start of the last lines: the runner's own report hides none of the job's."""
    said = next(
        (n for n in range(len(lines) - 1, -1, -1) if lines[n] == timeout_report.HEAD), len(lines)
    )
    return max(0, min(said, len(lines)) - LINES)


def as_seen(text: str, obeyed: re.Pattern[str] = SEQUENCES) -> list[str]:
    """Return the lines of a text as a terminal shows them; of blank ones in a row the first.

    The sequences that are `obeyed` are left out.

    Overwritten text counts once, and stays if it named a failure. Only newlines end a line: others
    (form feeds) are shown.
    """
    lines: list[str] = []
    for raw in text.split("\n"):
        if "\x1b" in raw:
            for count in UP.findall(raw):
                start = max(0, len(lines) - min(int(count or 1), SCREEN))
                lines[start:] = _failed(lines[start:])
            raw = REWRITE.sub("\r", raw)
        *over, last = _states(raw, obeyed)
        lines += _failed(over)
        blank = not without_colours(last).strip()
        if not blank or (lines and lines[-1]):
            lines.append("" if blank else last)
    return lines[:-1] if lines and not lines[-1] else lines


def _failed(lines: Sequence[str]) -> list[str]:
    if not lines:
        return []
    return [
        lines[number] for number in failure_lines.pick([*map(without_colours, lines)], FAILURES)
    ]


def _states(raw: str, obeyed: re.Pattern[str]) -> list[str]:
    """Return the texts of a line, each until it was begun anew."""
    states = [obeyed.sub("", _stepped_back(state)) for state in raw.split("\r")]
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


def _end(log: Path) -> tuple[str, bool]:
    """Return the end of a log, and whether it is the whole log. Raises OSError."""
    with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
        before = max(0, os.fstat(file.fileno()).st_size - READ - LONGEST_SECRET)
        file.seek(before)
        # bounded: it may grow faster than it is read
        return file.read(READ + LONGEST_SECRET).decode(errors="replace"), before == 0


def _fitting(look: str, line: str) -> str:
    """Return a line that is not too long, with both its ends: either may name the failure.

    `look` is the same line with colours, which go if a secret was masked in it, or it is cut.
    """
    if len(line) > WIDTH:
        half = WIDTH // 2
        line = f"{line[:half]} … ({len(line) - 2 * half} characters) … {line[-half:]}"
    elif look is not line and without_colours(look) == line:
        colours = [*COLOUR.findall(look), ""]
        parts = map(printable, COLOUR.split(look))
        return "".join(f"{part}{colour}" for part, colour in zip(parts, colours, strict=True))
    return printable(line)
