"""Server-sent events as bytes (html.spec.whatwg.org, section 9.2), and logs as their text. Pure."""

from __future__ import annotations

import codecs
import re

LINE_END = re.compile(r"\r\n|\r|\n")


def event(data: str, *, name: str = "", place: str = "") -> bytes:
    """Return one event. A reader gets `data` as it is, each kind of line end as a newline.

    A client that comes back tells the last `place` that it got.
    """
    fields = [f"event: {name}"] if name else []
    fields += [f"id: {place}"] if place else []
    fields += [f"data: {line}" for line in LINE_END.split(data)]
    return ("\n".join(fields) + "\n\n").encode(errors="replace")


def comment() -> bytes:
    """Return bytes that mean nothing: a client that is gone is found when they are sent."""
    return b":\n\n"


def retry(seconds: float) -> bytes:
    """Return the pause after which a client comes back when the stream has ended."""
    return f"retry: {seconds * 1000:.0f}\n\n".encode()


class LogText:
    """Makes text of the bytes of a log, piece by piece; bytes that are no UTF-8 become U+FFFD.

    A character or a line end that is cut in two waits for the next piece: `pending` are its bytes.
    """

    def __init__(self) -> None:
        self._decoder = codecs.getincrementaldecoder("utf-8")("replace")
        self._held = ""  # a carriage return that may be half of a line end

    @property
    def pending(self) -> int:
        """How many of the bytes so far are not in a text yet."""
        return len(self._decoder.getstate()[0]) + len(self._held)

    def more(self, piece: bytes, *, last: bool = False) -> str:
        """Return the text of the next bytes; nothing is held back at the last ones."""
        text = self._held + self._decoder.decode(piece, last)
        self._held = "\r" if text.endswith("\r") and not last else ""
        return text[: len(text) - len(self._held)].replace("\r\n", "\n").replace("\r", "\n")
