"""Fetches what GitHub knows of a commit: its check runs and its combined status, all pages.

Source: "List check runs for a Git reference" and "Get the combined status for a specific
reference", docs.github.com/en/rest. Each page has the `total_count` of all.
"""

from __future__ import annotations

import urllib.parse
from collections.abc import Iterator
from typing import Any

from lib.common import json_text, redact
from lib.github import client
from lib.github.client import Repository

PER_PAGE = 100  # the most that GitHub gives
MOST_PAGES = 100
PATIENCE = 30.0  # seconds for one page
KINDS = {"check-runs": "check_runs", "status": "statuses"}  # of the address: of the page


def fetch(repository: Repository, sha: str) -> list[dict[str, Any]]:
    """Return the pages on a commit, none if GitHub does not know it. Raises OSError."""
    return [page for kind in KINDS for page in _pages(repository, sha, kind)]


def _pages(repository: Repository, sha: str, kind: str) -> Iterator[dict[str, Any]]:
    found = 0
    for number in range(1, MOST_PAGES + 1):
        commit = urllib.parse.quote(sha, "")
        path = f"/commits/{commit}/{kind}?per_page={PER_PAGE}&page={number}"
        answer = client.get(repository, path, PATIENCE)
        if answer.status in (404, 422):  # 422: no commit of this SHA
            return
        page = _read(path, answer, KINDS[kind])
        yield page
        found += len(page[KINDS[kind]])
        if found >= page["total_count"] or not page[KINDS[kind]]:
            return
    raise OSError(f"{path}: expected at most {MOST_PAGES} pages, found more")


def _read(path: str, answer: client.Response, field: str) -> dict[str, Any]:
    text = redact.shorten(" ".join(answer.text.split()), 200)
    if answer.status != 200:
        raise OSError(
            f"{path}: expected 200, found {answer.status} {text}: see GITHUB_TOKEN, GITHUB_REPO "
            "and GITHUB_API_URL"
        )
    try:
        page = json_text.parse(answer.text)
    except ValueError as error:
        raise OSError(f"{path}: expected JSON, found {text}") from error
    if (
        not isinstance(page, dict)
        or not isinstance(page.get(field), list)
        or not isinstance(page.get("total_count"), int)
    ):
        raise OSError(f"{path}: expected {field} and a total_count, found {text}")
    return page
