"""Waits for what another process does."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

PATIENCE = 60.0  # seconds, for what takes a fraction of one


def wait_until(happened: Callable[[], bool], what: str) -> None:
    """Wait until something is so. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not happened():
        if time.monotonic() > end:
            raise TimeoutError(f"expected {what} within {PATIENCE:g} s, it was not so")
        time.sleep(0.01)


def wait_for(path: Path) -> None:
    """Wait until a file is there. Raises TimeoutError."""
    wait_until(path.exists, str(path))
