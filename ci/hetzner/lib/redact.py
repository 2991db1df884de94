"""Keeps secrets from jobs and out of what the runner writes. Pure functions over text."""

from __future__ import annotations

import base64
import re
import urllib.parse
from collections.abc import Collection, Iterable, Mapping

ALWAYS = frozenset({"GITHUB_TOKEN", "GH_TOKEN", "WEBHOOK_SECRET", "CI_SECRETS"})
PREFIX = "CI_SECRET_"
SHORTEST = 4  # characters: masking anything shorter would garble ordinary text
MASK = "***"


def is_secret(name: str, environ: Mapping[str, str], names: Collection[str] = ()) -> bool:
    """Whether the variable of this name is kept from jobs."""
    listed = environ.get("CI_SECRETS", "").replace(",", " ").split()
    return name in ALWAYS or name.startswith(PREFIX) or name in names or name in listed


def without_secrets(environ: Mapping[str, str], names: Collection[str] = ()) -> dict[str, str]:
    """Return the environment that jobs may see."""
    return {name: v for name, v in environ.items() if not is_secret(name, environ, names)}


def secret_values(environ: Mapping[str, str], names: Collection[str] = ()) -> tuple[str, ...]:
    """Return what must not appear in anything that the runner writes."""
    values = {
        value
        for name, value in environ.items()
        if name != "CI_SECRETS" and is_secret(name, environ, names)
    }
    return tuple(sorted(value for value in values if len(value) >= SHORTEST))


class Redactor:
    """Replaces secret values by `***`, also in the forms that URLs and HTTP headers give them."""

    def __init__(self, values: Iterable[str]) -> None:
        forms: set[str] = set()
        for value in values:
            if len(value) >= SHORTEST:
                encoded = base64.b64encode(value.encode()).decode()
                forms |= {value, urllib.parse.quote(value, safe=""), encoded}
        longest_first = sorted(forms, key=len, reverse=True)
        self._pattern = re.compile("|".join(map(re.escape, longest_first))) if forms else None

    def __call__(self, text: str) -> str:
        """Return the text with every secret masked."""
        return self._pattern.sub(MASK, text) if self._pattern else text
