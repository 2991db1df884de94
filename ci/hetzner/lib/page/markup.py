"""Builds HTML and SVG in which no name, log or branch can become markup. Pure.

Text that comes from a run is a plain `str`, and `tag` escapes it. Only `tag`, `text` and `join`
make `Html`, which is put in as it is.
"""

from __future__ import annotations

import html
import re
import urllib.parse
from collections.abc import Iterable

from lib.common.plain_text import one_line

VOID = frozenset({"br", "hr", "input", "link", "meta"})  # elements without content and end tag


class Html(str):
    """Text that is markup already."""

    __slots__ = ()


Content = str | Html | None
Value = str | float | bool | None
NOTHING = Html()
ORDINARY = re.compile(r"[ !#-%(-;=?-~]*")  # ASCII without " & ' < >: most texts are such


def text(plain: str) -> Html:
    """Return a plain text as markup: one line, without characters that control its display.

    These are control characters, lone surrogates, and those that reverse the order of others.
    """
    if ORDINARY.fullmatch(plain):
        return Html(plain)
    return Html(html.escape(one_line(plain)))


def tag(name: str, /, *content: Content, **attributes: Value) -> Html:
    """Return an element: its text is escaped, `Html` is taken as it is, None is left out.

    `class_` stands for `class`, `stroke_width` for `stroke-width`. An attribute that is True has
    no value; one that is None or False is left out. The result is also well-formed XML, unless
    the element is one of `VOID`.
    """
    start = f"<{name}{''.join([_attribute(key, value) for key, value in attributes.items()])}>"
    if name in VOID:
        return Html(start)
    return Html(f"{start}{join(content)}</{name}>")


def join(parts: Iterable[Content], between: Html = NOTHING) -> Html:
    """Return several texts and elements as one piece of markup; None is left out."""
    return Html(
        between.join(
            [part if isinstance(part, Html) else text(part) for part in parts if part is not None]
        )
    )


def file_link(path: str) -> str:
    """Return the address of a file beside the page; it never leads to another scheme or host."""
    return "./" + urllib.parse.quote(path.encode(errors="surrogateescape"))


def _attribute(key: str, value: Value) -> str:
    if value is None or value is False:
        return ""
    name = key.rstrip("_").replace("_", "-")
    if value is True:
        return f' {name}=""'
    if isinstance(value, (int, float)):
        return f' {name}="{value:g}"'
    return f' {name}="{value if isinstance(value, Html) else text(value)}"'
