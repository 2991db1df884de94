"""Rows of fields for people, aligned, and for programs, as CSV."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.common import redact
from lib.common.plain_text import printable

WIDTH = 80  # characters of a line, if the first column can be made short enough
LEAST = 12  # characters of the first column


def aligned(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, ends: bool = False
) -> list[str]:
    """Return lines of columns: the first to the left, shortened if lines get long, others right.

    A head that begins with '<' is of a column to the left. With `ends` the ends of long cells are
    kept, not their beginnings.
    """
    mask = redact.of_environment()
    shorten = redact.shorten_start if ends else redact.shorten
    left = [not at or head.startswith("<") for at, head in enumerate(heads)]
    names = [head.lstrip("<") for head in heads]
    table = [[printable(cell) for cell in row] for row in (names, *rows)]
    widths = [max(len(row[at]) for row in table) for at in range(len(heads))]
    rest = sum(widths[1:]) + len(widths)
    widths[0] = min(widths[0], max(LEAST, WIDTH - rest))
    return [
        " ".join(
            shorten(cell, width, mask).ljust(width + (not at)) if to_left else cell.rjust(width)
            for at, (cell, width, to_left) in enumerate(zip(row, widths, left, strict=True))
        ).rstrip()
        for row in table
    ]


def as_csv(fields: Sequence[str], rows: Sequence[Mapping[str, object]]) -> str:
    """Return rows as CSV with a head; None is an empty field."""
    import csv  # late: few questions are answered so
    import io

    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(fields)
    for row in rows:
        writer.writerow([_plain(row[field]) for field in fields])
    return text.getvalue().rstrip("\n")


def _plain(value: object) -> object:
    return printable(value) if isinstance(value, str) else value
