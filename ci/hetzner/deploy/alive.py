#!/usr/bin/env python3
"""The dead man's switch: calls CI_PING_URL if, and only if, the box says that it is healthy.

A service elsewhere expects the call every few minutes, and writes to people when it stays out. No
call when /health does not answer 200; then the exit code is 1, and says why. The address is a
secret of a kind: it is read from the environment, and no message has it.
"""

from __future__ import annotations

import http.client
import os
import sys
import urllib.error
import urllib.request
from collections.abc import Mapping

HEALTH = "http://127.0.0.1:9000/health"
TIMEOUT = 10.0  # seconds for each of the two answers


def main(environ: Mapping[str, str]) -> int:
    """Return 0 if the call was made, or none is wanted; 1 if the box or the other end is unwell."""
    ping = environ.get("CI_PING_URL", "").strip()
    if not ping:
        print("CI_PING_URL is empty: no call is made")
        return 0
    health = environ.get("CI_HEALTH_URL", "").strip() or HEALTH
    for name, url in ((health, health), ("CI_PING_URL", ping)):
        if problem := problem_of(url):
            print(f"{name}: expected an answer of 200, found {problem}", file=sys.stderr)
            return 1
    return 0


def problem_of(url: str) -> str:
    """Return why an address does not answer with success, or ''. It never names the address."""
    try:
        with urllib.request.urlopen(url, timeout=TIMEOUT):
            return ""
    except urllib.error.HTTPError as error:
        with error:
            return f"{error.code}"
    except (OSError, ValueError, http.client.HTTPException) as error:
        reason = getattr(error, "reason", error)
        return type(reason if isinstance(reason, BaseException) else error).__name__


if __name__ == "__main__":
    sys.exit(main(os.environ))
