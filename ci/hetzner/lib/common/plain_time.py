"""Says lengths of time in words. Pure."""

from __future__ import annotations

MINUTE, HOUR = 60, 3600  # seconds


def about(seconds: float) -> str:
    """Return `40 s`, `3 min` or `2 h`, rounded, from about one and a half of the next unit on."""
    if seconds < 1.5 * MINUTE:
        return f"{max(1, round(seconds))} s"
    if seconds < 1.5 * HOUR:
        return f"{round(seconds / MINUTE)} min"
    return f"{round(seconds / HOUR)} h"


def expected_end(seconds: float) -> str:
    """Say when something ends that is expected to take so many more seconds."""
    if seconds <= 0:
        return f"expected to end {about(-seconds)} ago"
    return f"expected to end in about {about(seconds)}"
