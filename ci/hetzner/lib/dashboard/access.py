"""Read access: who has not the token of CI_READ_TOKEN sees nothing but `/health`.

A program sends it as `Authorization: Bearer TOKEN`. A browser opens `/?token=TOKEN` once: it gets
a cookie, and is led to the same page without the token. The cookie holds a digest of the token.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import re
import urllib.parse
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING

from lib.dashboard.answers import Headers

if TYPE_CHECKING:
    from wsgiref.types import WSGIEnvironment

COOKIE = "ci_read"
LASTS = 90 * 24 * 3600  # seconds


class Access:
    """Compares what a request brings with the token, in constant time. Without one all may read."""

    def __init__(self, token: str) -> None:
        self._token = token
        self._mark = hashlib.sha256(f"read access {token}".encode()).hexdigest()

    def may_read(self, environ: WSGIEnvironment) -> bool:
        """Whether a request brings the token in a header, or the cookie."""
        if not self._token:
            return True
        scheme, _, given = str(environ.get("HTTP_AUTHORIZATION", "")).partition(" ")
        bearer = scheme.lower() == "bearer" and _equal(given.strip(), self._token)
        cookies = _cookies(str(environ.get("HTTP_COOKIE", "")))
        return bearer or any(_equal(each, self._mark) for each in cookies)

    def brought(self, query: Mapping[str, str]) -> bool:
        """Whether a query has the token."""
        return bool(self._token) and "token" in query and _equal(query["token"], self._token)

    def cookie(self, environ: WSGIEnvironment) -> Headers:
        """Return the header that gives a browser its cookie; over https it never comes back bare.

        A proxy in front of us says by X-Forwarded-Proto what it speaks with the browser.
        """
        schemes = (environ.get("wsgi.url_scheme"), environ.get("HTTP_X_FORWARDED_PROTO"))
        secure = "; Secure" if "https" in schemes else ""
        rights = f"Max-Age={LASTS}; Path=/; HttpOnly; SameSite=Strict{secure}"
        return [("Set-Cookie", f"{COOKIE}={self._mark}; {rights}")]


def comes_from_elsewhere(environ: WSGIEnvironment) -> bool:
    """Whether a link of another site, or of a report without rights, has led a browser here.

    Such a request brings no cookie that is SameSite=Strict; the same one from our own page does
    (w3.org/TR/fetch-metadata).
    """
    mode = environ.get("HTTP_SEC_FETCH_MODE")
    return mode == "navigate" and environ.get("HTTP_SEC_FETCH_SITE") == "cross-site"


def without_token(environ: WSGIEnvironment, path: str, query: Mapping[str, str]) -> str:
    """Return the path and the query of a request without the token."""
    rest = urllib.parse.urlencode({name: v for name, v in query.items() if name != "token"})
    # two slashes at the beginning would name a host
    here = f"{environ.get('SCRIPT_NAME', '')}/{urllib.parse.quote(os.fsencode(path.lstrip('/')))}"
    return f"{here}?{rest}" if rest else here


def _equal(given: str, wanted: str) -> bool:
    return hmac.compare_digest(given.encode(errors="replace"), wanted.encode(errors="replace"))


def _cookies(header: str) -> Iterator[str]:
    """Yield the values of all cookies of our name: a host beside ours may have set one, too."""
    for part in re.split("[;,]", header):  # a server joins several lines of one header by commas
        name, _, value = part.strip().partition("=")
        if name == COOKIE:
            yield value
