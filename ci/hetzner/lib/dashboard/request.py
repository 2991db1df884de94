"""A request of WSGI, with its path and query as text."""

from __future__ import annotations

import os
import urllib.parse
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

MOST_FIELDS = 20  # of a query


class Request:
    """What a client asks for. `path` begins with a slash; `query` has the first of each field."""

    def __init__(self, environ: WSGIEnvironment) -> None:
        raw = environ.get("PATH_INFO", "").encode("latin-1", "replace")  # PEP 3333: bytes as text
        self.environ = environ
        self.path = os.fsdecode(raw) or "/"
        self.query = _query(environ.get("QUERY_STRING", ""))

    def header(self, name: str) -> str:
        """Return a header, '' if it was not sent; `name` is as in WSGI, without `HTTP_`."""
        return str(self.environ.get(f"HTTP_{name}", ""))

    @property
    def for_people(self) -> bool:
        """Whether a browser asks for a page to show."""
        return "text/html" in self.header("ACCEPT")


def _query(text: str) -> dict[str, str]:
    try:
        found = urllib.parse.parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
