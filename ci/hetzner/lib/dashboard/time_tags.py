"""Times as a page shows them: exact for machines and on request, in words at a glance. Pure."""

from __future__ import annotations

from lib.common import plain_time
from lib.common.plain_text import duration, utc
from lib.page.markup import Html, tag

EXACT = "%-d %B %Y, %H:%M:%S UTC"
DAY, DAYS = 24 * 3600, 48 * 3600  # seconds: from DAYS on, a time is told in days


def ago(moment: float, now: float) -> Html:
    """Return a time that has passed: `3 min ago`. A script keeps its words true."""
    return tag(
        "time", _words(now - moment), " ago", datetime=utc(moment), title=utc(moment, EXACT),
        data_ago=True,
    )  # fmt: skip


def since(moment: float, now: float) -> Html:
    """Return how long something goes on that began then. A script lets it grow."""
    return tag(
        "time", duration(max(0.0, float(round(now - moment)))).replace(".0 s", " s"),
        datetime=utc(moment), title=f"since {utc(moment, EXACT)}", data_since=True,
    )  # fmt: skip


def _words(seconds: float) -> str:
    return f"{round(seconds / DAY)} d" if seconds >= DAYS else plain_time.about(seconds)
