"""Waits for what another process does."""

from __future__ import annotations

import time
from pathlib import Path

PATIENCE = 60.0  # seconds, for what takes a fraction of one


def wait_for(path: Path) -> None:
    """Wait until a file is there. Raises TimeoutError."""
    end = time.monotonic() + PATIENCE
    while not path.exists():
        if time.monotonic() > end:
            raise TimeoutError(f"expected {path} within {PATIENCE:g} s, found nothing")
        time.sleep(0.01)
