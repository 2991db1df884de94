"""GitHub's own description of its API, as a judge of our requests.

It needs openapi-core, and the file of @octokit/openapi: check.py installs both.
"""

from __future__ import annotations

import functools
import json
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from openapi_core import OpenAPI
from openapi_core.exceptions import OpenAPIError
from openapi_core.testing import MockRequest

FILE = Path(sys.prefix, "api.github.com.json")
STATUSES = "/repos/{owner}/{repo}/statuses/{sha}"
HOST = "https://api.github.com"


def fault(method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
    """Return the point in which a request is not one that GitHub describes; '' if it is one."""
    named = {name.lower(): value for name, value in headers.items()}
    kind = named.get("content-type", "")
    request = MockRequest(HOST, method.lower(), path, headers=named, data=body, content_type=kind)
    try:
        statuses().validate_request(request)
    except OpenAPIError as error:
        return f"{method} {path} {body!r}: {error}: {error.__cause__}"
    return ""


@functools.cache
def statuses() -> OpenAPI:
    """Return the part of the description that is about commit statuses: all of it takes long."""
    whole = json.loads(FILE.read_bytes())
    paths = {STATUSES: whole["paths"][STATUSES]}
    needed = dict(_parts(whole, paths))
    components: dict[str, dict[str, object]] = {}
    for (kind, name), part in needed.items():
        components.setdefault(kind, {})[name] = part
    return OpenAPI.from_dict({**whole, "paths": paths, "components": components})


def _parts(whole: dict[str, Any], tree: object) -> Iterator[tuple[tuple[str, str], Any]]:
    """Yield the components that a part of the description refers to, and those that they do."""
    seen: set[str] = set()
    left = [tree]
    while left:
        each = left.pop()
        if isinstance(each, list):
            left += each
        elif isinstance(each, dict):
            left += each.values()
            reference = each.get("$ref")
            if isinstance(reference, str) and reference not in seen:
                seen.add(reference)
                _, components, kind, name = reference.split("/")
                part = whole[components][kind][name]
                left.append(part)
                yield (kind, name), part
