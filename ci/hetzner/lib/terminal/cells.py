"""Fits text into the cells of a terminal: a character takes none, one or two. Pure."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from typing import NamedTuple

from lib.common.plain_text import one_line, printable

RESET = "\x1b[0m"
DIM, BOLD, RED, GREEN, YELLOW = "2", "1", "31", "32", "33"  # ECMA-48 8.3.117, SGR
ASCII = str.maketrans("█▒░▸✓✗·…↑↓", "#=.>+x.~^v")  # for a terminal without these


class Look(NamedTuple):
    """The abilities of a terminal: colours, and the characters that its encoding has."""

    colour: bool = True
    encoding: str = "utf-8"

    def shown(self, text: str) -> str:
        """Return a text in characters that the encoding has, each of which stays one character."""
        if text.isascii():
            return text
        try:
            text.encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            plain = text.translate(ASCII)
            return plain.encode("ascii", "replace").decode("ascii")
        return text


class Part(NamedTuple):
    """A part of a line, with the number of its colour or weight ('': none)."""

    text: str
    style: str = ""


def width(text: str) -> int:
    """Return the cells that a printable text takes."""
    return len(text) if text.isascii() else sum(map(_cells, text))


def _cells(character: str) -> int:
    """Return 2 for wide characters (Unicode Standard Annex 11), 0 for marks on the one before."""
    if character.isascii():
        return 1
    if unicodedata.combining(character) or unicodedata.category(character) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(character) in ("W", "F") else 1


def fit(text: str, cells: int) -> str:
    """Return a text in at most so many cells; a cut one ends with `…`."""
    if width(text) <= cells:
        return text
    room = cells - 1
    kept = []
    for character in text:
        room -= _cells(character)
        if room < 0:
            break
        kept.append(character)
    return "".join(kept) + "…" if cells > 0 else ""


def pad(text: str, cells: int) -> str:
    """Return a text in exactly so many cells."""
    fitted = fit(text, cells)
    return fitted + " " * (cells - width(fitted))


def line(parts: Iterable[Part], cells: int, look: Look) -> str:
    """Return a line of at most so many cells, with its colours if the terminal has them.

    Characters that control a terminal are shown as dots, whoever made the text.
    """
    made = []
    for text, style in parts:
        fitted = fit(look.shown(one_line(text).replace("\t", " ")), cells)
        cells -= width(fitted)
        if fitted:
            made.append(styled(fitted, style, look))
    return look.shown("".join(made))


def styled(text: str, style: str, look: Look) -> str:
    """Return a text in a colour or weight, if it has one and the terminal can show it."""
    return f"\x1b[{style}m{text}{RESET}" if style and look.colour else text


_LOG_LINE = re.compile(r"(\[[0-9:]{8}\]) ([A-Z]\S*)(.*)", re.DOTALL)
_WORDS = {"PASS": GREEN, "FAIL": RED, "CAUSE": RED, "TIMEOUT": RED, "FAST-FAIL:": RED, "BUG": RED}
_WORDS |= {"RETRY": YELLOW, "LEAK": YELLOW, "CANCEL": YELLOW, "INTERRUPTED": YELLOW}


def log_line(text: str, look: Look) -> str:
    """Return a line of ci.log with the colours of its time and its first word."""
    shown = look.shown(printable(text))
    found = _LOG_LINE.fullmatch(shown) if look.colour else None
    if not found:
        return shown
    stamp, word, rest = found.groups()
    style = _WORDS.get(word, "")
    if word == "END":
        style = GREEN if rest.lstrip().startswith("exit code 0:") else RED
    return f"{styled(stamp, DIM, look)} {styled(word, style, look)}{rest}"
