"""Payloads of GitHub's webhooks, signed as GitHub signs them."""

from __future__ import annotations

import hashlib
import hmac
import json
from typing import Any

SECRET = "It's a Secret to Everybody"
REPOSITORY = "Codertocat/Hello-World"
SHA = "0123456789abcdef0123456789abcdef01234567"
BEFORE = "0" * 40  # of a new branch


def signed(body: bytes, secret: str = SECRET) -> str:
    return f"sha256={hmac.new(secret.encode(), body, hashlib.sha256).hexdigest()}"


def pushed(**changes: Any) -> dict[str, Any]:
    """Return the payload of a push."""
    made = {
        "ref": "refs/heads/main",
        "before": BEFORE,
        "after": SHA,
        "deleted": False,
        "repository": {"full_name": REPOSITORY},
        "head_commit": {"id": SHA[::-1]},
    }
    return made | changes


def requested(action: str = "opened", fork: str | None = REPOSITORY, **head: Any) -> dict[str, Any]:
    """Return the payload of a pull request, whose head is in the repository `fork`."""
    origin = None if fork is None else {"full_name": fork}
    return {
        "action": action,
        "number": 7,
        "pull_request": {"head": {"sha": SHA, "ref": "topic", "repo": origin} | head},
        "repository": {"full_name": REPOSITORY},
    }


def request(payload: object, event: str = "push", delivery: str = "d-1", **changes: str) -> bytes:
    """Return a signed delivery as bytes of HTTP; `changes` replace headers, '' leaves one out."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    headers = {
        "Host": "localhost",
        "Content-Type": "application/json",
        "Content-Length": str(len(body)),
        "X-GitHub-Event": event,
        "X-GitHub-Delivery": delivery,
        "X-Hub-Signature-256": signed(body),
    } | {name.replace("_", "-"): value for name, value in changes.items()}
    lines = [f"{name}: {value}" for name, value in headers.items() if value]
    return "\r\n".join(("POST /webhook HTTP/1.1", *lines, "", "")).encode() + body
