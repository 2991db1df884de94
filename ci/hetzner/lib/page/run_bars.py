"""A job in its latest runs as small bars, in SVG: as high as it took long, red where it failed.

Pure.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from lib.page.markup import Html, tag

HIGH, LEAST = 22, 3  # units: of the highest bar, and of one that can be seen
STEP, WIDE = 6, 4  # from bar to bar, and of a bar


class RunBar(NamedTuple):
    """One run of a job: its seconds, its end ("passed", "flaky", "failed"), and words for both."""

    seconds: float
    outcome: str
    title: str


def bars(runs: Sequence[RunBar]) -> Html:
    """Return a bar a run, in their order."""
    most = max((run.seconds for run in runs), default=0.0) or 1.0
    return tag(
        "svg",
        *(_bar(number, run, most) for number, run in enumerate(runs)),
        class_="run-bars",
        width=STEP * len(runs),
        height=HIGH,
        aria_hidden="true",
    )


def _bar(number: int, run: RunBar, most: float) -> Html:
    height = max(LEAST, HIGH * run.seconds / most)
    return tag(
        "rect",
        tag("title", run.title),
        class_=run.outcome,
        x=STEP * number,
        y=HIGH - height,
        width=WIDE,
        height=height,
    )
