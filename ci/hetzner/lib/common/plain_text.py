"""Makes text safe to show on a terminal, and lays it out. Pure."""

from __future__ import annotations

import time
from collections.abc import Collection, Iterable, Mapping, Sequence


def printable(text: str) -> str:
    """Return one line without characters that control a terminal."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\t" else "·" for c in text)


def one_line(text: str) -> str:
    """Return a text as one such line: its line ends are shown as \\n and \\r."""
    return printable(text.replace("\r", "\\r").replace("\n", "\\n"))


def table(rows: Iterable[Sequence[str]], right: Collection[int] = ()) -> list[str]:
    """Return a line for each row, its cells below each other; the columns in `right` end in line.

    A cell is shown as `printable` returns it.
    """
    cells = [[printable(cell) for cell in row] for row in rows]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    return [
        "  ".join(
            cell.rjust(width) if column in right else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(row, widths, strict=True))
        ).rstrip()
        for row in cells
    ]


def counted(count: float, noun: str) -> str:
    """Return a number with its noun: `1 job`, `2 jobs`."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def duration(seconds: float) -> str:
    """Return a length of time for people: `4.2 s`, `3 min 20 s`, `2 h 5 min`, `3 d 4 h`."""
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours < 48 else f"{hours // 24} d {hours % 24} h"


def utc(seconds: float, form: str = "%Y-%m-%dT%H:%M:%SZ") -> str:
    """Return a time since the epoch in UTC, '' for one that no calendar has; `form`: strftime(3).

    Damaged records hold such times.
    """
    try:
        return time.strftime(form, time.gmtime(seconds))
    except (OverflowError, ValueError, OSError):
        return ""


def size(count: float) -> str:
    """Return a number of bytes for people: `812 B`, `4.5 kB`, `5.0 GB`, in powers of 1000."""
    if count < 1000:
        return f"{count:.0f} B"
    for unit in ("kB", "MB", "GB"):
        count /= 1000
        if count < 1000:
            return f"{count:.1f} {unit}"
    return f"{count / 1000:.1f} TB"


def changes(amounts: Mapping[str, float]) -> str:
    """Return how amounts changed: `processes +1, shm_bytes -4.5 kB`; bytes end with `_bytes`."""
    return ", ".join(f"{name} {_change(name, by)}" for name, by in amounts.items())


def _change(name: str, by: float) -> str:
    amount = size(abs(by)) if name.endswith("_bytes") else f"{abs(by):g}"
    return f"{'-' if by < 0 else '+'}{amount}"


def complaint(error: BaseException) -> str:
    """Return the type and the text of an exception; its type alone if the text cannot be had."""
    try:
        return f"{type(error).__name__}: {error}"
    except Exception:  # noqa: BLE001 - the exception of a user's code may break in any way
        return type(error).__name__
