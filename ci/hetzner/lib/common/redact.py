"""Keeps secrets from jobs, and masks them in texts of the runner.

Pure functions over text and environments. Unaware of logs and statuses.
"""

from __future__ import annotations

import functools
import os
import re
from collections.abc import Callable, Collection, Iterable, Mapping

OF_SERVICES = frozenset({"WEBHOOK_SECRET", "CI_READ_TOKEN", "CI_PING_URL"})  # no run needs them
# the gh program takes its token from the last three (gh help environment)
ALWAYS = frozenset(
    {
        *OF_SERVICES,
        "GITHUB_TOKEN",
        "CI_SECRETS",
        "GH_TOKEN",
        "GH_ENTERPRISE_TOKEN",
        "GITHUB_ENTERPRISE_TOKEN",
    }
)
PREFIX = "CI_SECRET_"
SHORTEST = 4  # characters: masking anything shorter would garble ordinary text
SHORTEST_PART = 8  # characters of a line of a secret, or of a piece of base64
LONGEST_SECRET = 8 * 1024  # bytes
MASK = "***"
# as html.escape writes them, in pages of runs; the module html takes 2 ms to import
IN_HTML = str.maketrans(
    {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#x27;"},
)


def is_secret(name: str, environ: Mapping[str, str], names: Collection[str] = ()) -> bool:
    """Whether the variable of this name is kept from jobs."""
    listed = environ.get("CI_SECRETS", "").replace(",", " ").split()
    return name in ALWAYS or name.startswith(PREFIX) or name in names or name in listed


def without_secrets(environ: Mapping[str, str], names: Collection[str] = ()) -> dict[str, str]:
    """Return the environment that jobs may see."""
    return {name: v for name, v in environ.items() if not is_secret(name, environ, names)}


def secret_values(environ: Mapping[str, str], names: Collection[str] = ()) -> tuple[str, ...]:
    """Return the values that must not appear in any text of the runner."""
    return tuple(sorted({v for v in _secrets(environ, names).values() if len(v) >= SHORTEST}))


def too_short(environ: Mapping[str, str], names: Collection[str] = ()) -> tuple[str, ...]:
    """Return the names of the secrets that are too short to be masked, for a warning."""
    found = _secrets(environ, names)
    return tuple(sorted(name for name, v in found.items() if len(v.strip()) < SHORTEST))


class Redactor:
    """Replaces secret values by `***`, also in the forms that URLs, headers and JSON give them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms = {form for value in values for form in _forms(value)}
        longest_first = sorted(forms, key=lambda form: (-len(form), form))
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text


def of_environment() -> Redactor:
    """Return a redactor for the secrets of this process' environment."""
    return _redactor(secret_values(os.environ))


@functools.lru_cache(maxsize=4)
def _redactor(values: tuple[str, ...]) -> Redactor:
    return Redactor(values)


def shorten(text: str, longest: int, mask: Callable[[str], str] | None = None) -> str:
    """Return at most `longest` characters of a text, cut after its secrets have been masked.

    No mask finds half a secret, so every text that the runner shows is cut here. `mask` masks the
    secrets (default: those of this process' environment).
    """
    text = (mask or of_environment())(text)
    return text if len(text) <= longest else f"{text[: longest - 1]}…"


def shorten_start(text: str, longest: int, mask: Callable[[str], str] | None = None) -> str:
    """Do the same, but keep the end, from a whole word on: half of a secret is never shown."""
    text = (mask or of_environment())(text)
    if len(text) <= longest:
        return text
    cut, *rest = text[1 - longest :].split(maxsplit=1)
    return f"…{rest[0] if rest else cut}"


def masked_end(text: str, mask: Callable[[str], str] | None = None) -> str:
    """Return the end of a text whose beginning may stand within a secret, masked.

    The part left out is as long as a secret can be: a caller that wants the end of a file reads
    LONGEST_SECRET bytes more.
    """
    return (mask or of_environment())(text)[LONGEST_SECRET:]


def _secrets(environ: Mapping[str, str], names: Collection[str]) -> dict[str, str]:
    """Return the secrets that have a value, by name; CI_SECRETS itself is none."""
    return {
        name: value
        for name, value in environ.items()
        if value.strip() and name != "CI_SECRETS" and is_secret(name, environ, names)
    }


def _forms(value: str) -> set[str]:
    """Return every way in which a value may stand in a text."""
    value = value.strip()  # the last newline of a file is often copied, too, and is shown nowhere
    if len(value) < SHORTEST:
        return set()
    import json  # late: only secrets need it
    import urllib.parse

    data = value.encode(errors="surrogateescape")
    quoted = {urllib.parse.quote(data, safe=""), urllib.parse.quote_plus(data)}
    # curl, git and others write the digits of an escape in either case
    lower = {re.sub("%..", lambda match: match[0].lower(), form) for form in quoted}
    # the end of a log, say, is shown line by line, so the whole of such a value is never in one
    lines = {line.strip() for line in value.splitlines()}
    return {
        value,
        *quoted,
        *lower,
        json.dumps(value)[1:-1],
        repr(value)[1:-1],
        value.translate(IN_HTML),
        *{line for line in lines if len(line) >= SHORTEST_PART},
        *_base64_forms(data),
    }


def _base64_forms(data: bytes) -> set[str]:
    """Return the forms of a value within the base64 of a longer text, such as `user:token`.

    Three bytes make four characters, so the form depends on the place of the value's first byte
    among three. Characters that also hold bits of a neighbour are left out (RFC 4648, section 4).
    """
    import base64

    forms = set()
    for before in range(3):
        encoded = base64.b64encode(bytes(before) + data).decode()
        own = encoded[-(-before * 8 // 6) : (before + len(data)) * 8 // 6]
        if len(own) >= SHORTEST_PART:
            forms |= {own, own.translate(str.maketrans("+/", "-_"))}  # section 5: in URLs
    return forms
