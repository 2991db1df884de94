"""A request of WSGI, with its path and query as text."""

from __future__ import annotations

import ipaddress
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
    def client(self) -> str:
        """The address of the client, a network for IPv6 (RFC 6177); '' if it is not known.

        A proxy of this machine names it in X-Forwarded-For, as the last if there are several; of
        anybody else the header says nothing.
        """
        peer = _address(str(self.environ.get("REMOTE_ADDR", "")))
        if peer is None or peer.is_loopback:
            peer = _address(self.header("X_FORWARDED_FOR").rpartition(",")[2].strip())
        if peer is None or peer.is_loopback:
            return ""
        return str(ipaddress.ip_network((peer, 64), strict=False) if peer.version == 6 else peer)

    @property
    def for_people(self) -> bool:
        """Whether a browser asks for a page to show."""
        return "text/html" in self.header("ACCEPT")


def _address(text: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    mapped = found.ipv4_mapped if found.version == 6 else None  # of a socket for both (RFC 4291)
    return mapped or found


def _query(text: str) -> dict[str, str]:
    try:
        found = urllib.parse.parse_qs(text, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        return {}
    return {name: values[0] for name, values in found.items()}
