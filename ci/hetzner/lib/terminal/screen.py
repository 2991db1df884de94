"""Lines at the bottom of a terminal that are drawn anew, while what is printed scrolls away above.

The cursor rests at the first cell of these lines, hidden. A terminal that is resized keeps it at
that cell, whether or not it wraps lines anew, so that erasing from there on erases just them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

HIDE, SHOW = "\x1b[?25l", "\x1b[?25h"  # DECTCEM
BEGIN, END = "\x1b[?2026h", "\x1b[?2026l"  # synchronized output: shown at once, where it is known
ERASE = "\r\x1b[J"  # from the cursor on (ECMA-48 8.3.39, ED)
REST = "\x1b[K"  # of the line (EL)


class Screen:
    """The view's lines on a terminal; `write` takes text for it."""

    def __init__(self, write: Callable[[str], object]) -> None:
        self._write = write
        self._shown: list[str] | None = None  # None: not in use
        self._size = (0, 0)

    def update(self, above: Sequence[str], lines: Sequence[str], size: tuple[int, int]) -> None:
        """Print lines above the view, and let it show these; write only what has changed."""
        if self._shown is None:
            self._write(HIDE)
        if above or size != self._size or len(lines) != len(self._shown or ()):
            text = ERASE + "".join(f"{line}\r\n" for line in above) + "\r\n".join(lines)
            text += f"\x1b[{len(lines) - 1}A" if len(lines) > 1 else ""
        else:
            text = "".join(self._changes(lines))
        self._shown, self._size = list(lines), size
        if text:
            self._write(f"{BEGIN}{text}\r{END}")

    def _changes(self, lines: Sequence[str]) -> Iterator[str]:
        at = 0
        for number, (old, new) in enumerate(zip(self._shown or (), lines, strict=True)):
            if old != new:
                yield f"\x1b[{number - at}B" if number > at else ""
                yield f"\r{new}{REST}"
                at = number
        if at:
            yield f"\x1b[{at}A"

    def leave(self, above: Sequence[str] = ()) -> None:
        """Erase the view, print lines in its place, and give the cursor back."""
        erase, show = (ERASE, SHOW) if self._shown is not None else ("", "")
        text = erase + "".join(f"{line}\r\n" for line in above) + show
        self._shown = None
        if text:
            self._write(text)
