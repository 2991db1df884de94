"""Shows the colours of a log in a page: SGR sequences (ECMA-48 8.3.117) become classes. Pure.

A log chooses none of the colours itself: each is one of the eight names of the page's stylesheet,
so that its text can be read on a light and on a dark page, and none is hidden.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from lib.common.plain_text import printable
from lib.page.markup import NOTHING, Html, join, tag, text

SGR = re.compile(r"\x1b\[([\d;:]{0,60})m")
COLOURS = ("black", "red", "green", "yellow", "blue", "magenta", "cyan", "white")
# of the 256 colours of xterm: the first 16 have names, then a cube of 6 × 6 × 6, then greys
CUBE, GREYS, ALL = 16, 232, 256


class Style(NamedTuple):
    """The look of the text that follows; "" is the page's own colour."""

    colour: str = ""
    ground: str = ""
    marks: frozenset[str] = frozenset()  # classes of the page's stylesheet, and "inverse"


PLAIN = Style()
ON = {1: "bold", 2: "dim", 3: "italic", 4: "underline", 7: "inverse", 9: "struck"}
OFF = {22: {"bold", "dim"}, 23: {"italic"}, 24: {"underline"}, 27: {"inverse"}, 29: {"struck"}}


def rendered(lines: Iterable[str]) -> Html:
    """Return lines as the content of a `pre` element; a style goes on until it is taken back."""
    style = PLAIN
    shown: list[Html] = []
    for line in lines:
        style, markup = _line(line, style)
        shown.append(markup)
    return join(shown, Html("\n"))


def _line(line: str, style: Style) -> tuple[Style, Html]:
    """Return the style after a line, and its markup."""
    if "\x1b" not in line:
        return style, _piece(line, style)
    first, *rest = SGR.split(line)
    pieces = [_piece(first, style)]
    for numbers, after in zip(rest[::2], rest[1::2], strict=True):
        style = changed(style, numbers)
        pieces.append(_piece(after, style))
    return style, join(pieces)


def _piece(plain: str, style: Style) -> Html:
    if not plain:
        return NOTHING
    shown = text(printable(plain))
    return tag("span", shown, class_=_classes(style)) if style != PLAIN else shown


def _classes(style: Style) -> str:
    ground = style.ground or (style.colour or "white" if "inverse" in style.marks else "")
    names = [f"on-{ground}"] if ground else [f"ansi-{style.colour}"] if style.colour else []
    return " ".join([*names, *sorted(style.marks - {"inverse"})])


def changed(style: Style, numbers: str) -> Style:
    """Return a style after a sequence with these numbers; those that are not known are left out."""
    left = [int(number) if number.isdecimal() else 0 for number in re.split("[;:]", numbers)]
    while left:
        number = left.pop(0)
        if number == 0:
            style = PLAIN
        elif number in ON:
            style = style._replace(marks=style.marks | {ON[number]})
        elif number in OFF:
            style = style._replace(marks=style.marks - OFF[number])
        elif number == 38:
            style = style._replace(colour=_chosen(left))
        elif number == 48:
            style = style._replace(ground=_chosen(left))
        else:
            style = _simple(style, number)
    return style


def _simple(style: Style, number: int) -> Style:
    """Return a style after a number that names one of 16 colours, or none."""
    for first in (30, 90):
        if first <= number < first + len(COLOURS):
            return style._replace(colour=COLOURS[number - first])
        if first + 10 <= number < first + 10 + len(COLOURS):
            return style._replace(ground=COLOURS[number - first - 10])
    if number == 39:
        return style._replace(colour="")
    return style._replace(ground="") if number == 49 else style


def _chosen(left: list[int]) -> str:
    """Take a colour of 256, or of three parts, from the numbers; return the nearest of eight."""
    kind = left.pop(0) if left else 0
    if kind == 5 and left:
        return _of_256(left.pop(0))
    if kind == 2 and len(left) >= 3:
        parts = left[:3]
        del left[:3]
        return _nearest(parts)
    left.clear()  # the meaning of what follows is not known
    return ""


def _of_256(number: int) -> str:
    if number < CUBE:
        return COLOURS[number % len(COLOURS)]
    if number < GREYS:
        return _nearest([(number - CUBE) // step % 6 for step in (36, 6, 1)])
    return "white" if GREYS <= number < ALL else ""


def _nearest(parts: Sequence[int]) -> str:
    """Return the colour that has the same of red, green and blue at more than half its strength.

    The place of a name in COLOURS is the sum of 1 for red, 2 for green and 4 for blue.
    """
    most = max(parts)
    if not most:
        return "black"
    return COLOURS[sum(1 << place for place, part in enumerate(parts) if part > most * 0.6)]
