"""Small lines and areas over time, in SVG. Pure."""

from __future__ import annotations

from collections.abc import Sequence

from lib.page.markup import Html, tag
from lib.page.scale import Scale

WIDE, HIGH = 100, 20  # units of a small line
MOST_POINTS = 40  # of a small line
AREA_WIDE, AREA_HIGH, AREA_POINTS = 1000, 100, 600


def line(values: Sequence[float]) -> Html:
    """Return values at even distances as a small line, the highest of each stretch."""
    few = thinned(values, MOST_POINTS)
    most = max(few) or 1
    step = WIDE / max(len(few) - 1, 1)
    points = [f"{n * step:.0f},{HIGH - 1 - (HIGH - 2) * v / most:.1f}" for n, v in enumerate(few)]
    if len(points) == 1:
        points.append(f"{WIDE},{points[0].partition(',')[2]}")
    return tag(
        "svg",
        tag("polyline", points=" ".join(points)),
        class_="spark",
        viewBox=f"0 0 {WIDE} {HIGH}",
        preserveAspectRatio="none",
        aria_hidden="true",
    )


def thinned(values: Sequence[float], most: int) -> list[float]:
    """Return at most so many values: of each stretch the highest."""
    size = -(-len(values) // most)
    if size <= 1:
        return list(values)
    return [max(values[start : start + size]) for start in range(0, len(values), size)]


def area(
    at: Sequence[float], values: Sequence[float], most: float, scale: Scale, look: str
) -> Html:
    """Return values as an area on the axis of a timeline; `most` reaches to the top."""
    size = -(-len(values) // AREA_POINTS) or 1
    points = [
        (
            AREA_WIDE * scale.share(at[start]),
            AREA_HIGH * (1 - min(max(values[start : start + size]) / (most or 1), 1.0)),
        )
        for start in range(0, len(values), size)
    ]
    if not points:
        return Html()
    path = " ".join(f"{x:.1f},{y:.1f}" for x, y in points)
    shape = f"{points[0][0]:.1f},{AREA_HIGH} {path} {points[-1][0]:.1f},{AREA_HIGH}"
    return tag("polygon", points=shape, class_=look)
