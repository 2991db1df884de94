"""Puts times of a run on one axis, in percent of its width, so that it fits each screen. Pure."""

from __future__ import annotations

import math
from typing import NamedTuple

MOST_TICKS = 6
# seconds between two ticks: 1, 2 or 5 of a unit below a minute, then what clocks count in
STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800)
HOUR, MINUTE = 3600, 60
SHORTEST = 0.2  # percent: the width of a bar that can be seen on a phone


class Scale(NamedTuple):
    """An axis from one moment of a run to another, in seconds on the run's clock."""

    began: float
    ended: float

    @property
    def seconds(self) -> float:
        """The length of the axis, never 0."""
        return max(self.ended - self.began, 0.001)

    def share(self, at: float) -> float:
        """Return the place of a moment: 0 at the beginning, 1 at the end, no more and no less."""
        return min(max((at - self.began) / self.seconds, 0.0), 1.0)

    def x(self, at: float) -> str:
        """Return the place of a moment for an attribute of SVG."""
        return f"{100 * self.share(at):.2f}%"

    def width(self, began: float, ended: float, shortest: float = SHORTEST) -> str:
        """Return the width of a bar between two moments; it can be seen even if it is short."""
        return f"{max(100 * (self.share(ended) - self.share(began)), shortest):.2f}%"

    def ticks(self) -> list[tuple[float, str]]:
        """Return moments in even steps with the time since the beginning, the first at 0."""
        step = next((s for s in STEPS if self.seconds / s <= MOST_TICKS), 0.0)
        if not step:
            step = HOUR * max(1, math.ceil(self.seconds / HOUR / MOST_TICKS))
        count = int(self.seconds / step) + 1
        return [(self.began + n * step, _since(n * step, step)) for n in range(count)]


def _since(seconds: float, step: float) -> str:
    if step < 1:
        return f"{round(seconds, 2):g} s"
    whole = round(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE}:{whole % MINUTE:02} min"
    return f"{whole // HOUR}:{whole % HOUR // MINUTE:02} h"
