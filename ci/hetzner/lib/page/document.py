"""Makes a page: one file with its styles, that loads nothing, runs no script and asks nobody."""

from __future__ import annotations

from pathlib import Path

from lib.common import files
from lib.page.markup import Html, tag, text

# a browser refuses scripts, requests and forms, even if a text of a log became markup by a mistake
POLICY = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'"
HERE = Path(__file__).parent


def page(title: str, *content: Html, styles: tuple[str, ...] = ("page",)) -> str:
    """Return a page; `styles` names the stylesheets of this package. Raises OSError."""
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", http_equiv="Content-Security-Policy", content=Html(POLICY)),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("meta", name="color-scheme", content="light dark"),
        tag("title", text(title)),
        style(*styles),
    )
    return f"<!DOCTYPE html>\n{tag('html', head, tag('body', *content), lang='en')}\n"


def style(*names: str) -> Html:
    """Return these stylesheets of this package as an element. Raises OSError."""
    return tag("style", Html("\n".join(sheet(name) for name in names)))


def sheet(name: str) -> str:
    """Return a stylesheet of this package. Raises OSError."""
    return files.read(HERE / f"{name}.css").decode()
