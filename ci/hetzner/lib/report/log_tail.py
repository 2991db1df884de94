"""Shows the end of a log: text that is safe to print and in which a failure can be seen.

These are the last lines, as a terminal would show them, and before them lines further up that name
a failure, if later ones (teardown, summaries, meters) have pushed them away.

The end of a run waits for them, so what is read is bounded for all logs together. The views of the
run ask for the same logs: a program looks at each once.
"""

from __future__ import annotations

import functools
import os
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.common import files
from lib.common.plain_text import printable
from lib.common.redact import LONGEST_SECRET, masked_end
from lib.processes import timeout_report
from lib.report import failure_lines, seen_lines
from lib.report.seen_lines import BUT_COLOURS, COLOUR, without_colours

LINES = 20  # the last ones
MOST_LINES = 80  # with the runner's report on a job that has run out of time
FAILURES = 10  # at most, of those before them that name a failure
WIDTH = 1000  # characters of a line: longer ones are cut in the middle
LONGEST_LOOK = 5000  # characters of a line with its colours: a longer one is shown without
READ = 2 * 1024 * 1024  # bytes of a log that are read, from its end
READ_OF_ALL = 8 * READ  # of logs that are shown together
LEAST_READ = 16 * 1024  # of each of them
REMEMBERED = 128  # logs


def shown(
    log: Path, redact: Callable[[str], str] = str, *, colours: bool = False, among: int = 1
) -> list[str]:
    """Return the lines to show of a log. Never raises, never waits for a pipe.

    With `colours` they keep their sequences for colours (SGR), and no others. The log is one
    `among` so many that are shown together: of very many less is read of each.
    """
    read = max(LEAST_READ, min(READ, READ_OF_ALL // max(1, among)))
    try:
        found = log.lstat()
        state = (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)
        lines = _lines(log, state, read, redact)
    except files.NotAFileError as error:
        return [f"(something else than a file is in the place of its log: {error.strerror})"]
    except OSError as error:
        return [f"(its log cannot be read: {error.strerror})"]
    return [*lines] if colours else [*map(without_colours, lines)]


@functools.lru_cache(maxsize=REMEMBERED)
def _lines(
    log: Path,
    _state: tuple[int, ...],  # a log that has changed is another one
    read: int,
    redact: Callable[[str], str],
) -> tuple[str, ...]:
    """Return the lines to show of a log, with their colours. Raises OSError."""
    text, whole = _end(log, read)
    # masked again when colours are gone, which may have stood within a secret
    text = redact(text) if whole else f"…{masked_end(text, redact)}"
    seen = seen_lines.as_seen(text, BUT_COLOURS)
    lines = redact("\n".join(map(without_colours, seen))).split("\n")
    if lines == [""]:
        return ("(its log is empty)",)
    start = _start(lines)
    named: Sequence[int] = failure_lines.pick(lines[:start], FAILURES)
    looks = seen if len(seen) == len(lines) else lines
    last = [_fitting(looks[n], lines[n]) for n in range(start, min(start + MOST_LINES, len(lines)))]
    if not named:
        return tuple(last)
    further = (_fitting(looks[n], lines[n]) for n in named)
    return ("(further up:)", *further, "(at the end:)", *last)


def _start(lines: Sequence[str]) -> int:
    """Return the start of the last lines: the runner's own report hides none of the job's."""
    said = next(
        (n for n in range(len(lines) - 1, -1, -1) if lines[n] == timeout_report.HEAD), len(lines)
    )
    return max(0, min(said, len(lines)) - LINES)


def _end(log: Path, read: int) -> tuple[str, bool]:
    """Return the end of a log, and whether it is the whole log. Raises OSError."""
    with os.fdopen(files.open_file(log, os.O_RDONLY), "rb") as file:
        before = max(0, os.fstat(file.fileno()).st_size - read - LONGEST_SECRET)
        file.seek(before)
        # bounded: it may grow faster than it is read
        return file.read(read + LONGEST_SECRET).decode(errors="replace"), before == 0


def _fitting(look: str, line: str) -> str:
    """Return a line that is not too long, with both its ends: either may name the failure.

    `look` is the same line with colours, which go if a secret was masked in it, it is cut,
    or they are very many.
    """
    if len(line) > WIDTH:
        half = WIDTH // 2
        line = f"{line[:half]} … ({len(line) - 2 * half} characters) … {line[-half:]}"
    elif look is not line and len(look) <= LONGEST_LOOK and without_colours(look) == line:
        colours = [*COLOUR.findall(look), ""]
        parts = map(printable, COLOUR.split(look))
        return "".join(f"{part}{colour}" for part, colour in zip(parts, colours, strict=True))
    return printable(line)
