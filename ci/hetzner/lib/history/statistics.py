"""Figures that recorded runs give. Pure: no I/O, no clock."""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Mapping, Sequence
from typing import NamedTuple, TypeVar

Z = 1.959963984540054  # of the normal distribution: 95 % lie within
BARS, PLAIN_BARS = "▁▂▃▄▅▆▇█", "_.-~=+*#"
FAILED = "x"  # in the place of a bar
FEW = 2  # values that a median needs to be compared with another
K = TypeVar("K", bound=Hashable)
T = TypeVar("T")


class Tries(NamedTuple):
    """How often a job or a test passed and failed, and on how many trees it did both."""

    trees: int
    flaky_trees: int
    passed: int
    failed: int


def wilson(passed: int, total: int) -> tuple[float, float] | None:
    """Return the Wilson score interval of a pass rate, with 95 % confidence; None of no runs.

    Source: E. B. Wilson, J. Am. Stat. Assoc. 22 (1927); it holds for few runs, and for rates of 0
    and 1.
    """
    if total == 0:
        return None
    rate, spread = passed / total, Z * Z / total
    middle = rate + spread / 2
    half = Z * math.sqrt((rate * (1 - rate) + spread / 4) / total)
    low, high = (middle - half) / (1 + spread), (middle + half) / (1 + spread)
    return (0.0 if passed == 0 else low), (1.0 if passed == total else high)


def median(values: Sequence[float]) -> float | None:
    """Return the middle value, or the mean of both middle ones; None of no values."""
    if not values:
        return None
    ordered = sorted(values)
    return (ordered[(len(ordered) - 1) // 2] + ordered[len(ordered) // 2]) / 2


def percentile(values: Sequence[float], percent: float) -> float | None:
    """Return the least value that so many percent do not exceed (nearest rank)."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(len(values) * percent / 100) - 1)]


def sparkline(values: Sequence[float | None], bars: str = BARS) -> str:
    """Return a bar for each value, the greatest in full height; None is a failure."""
    greatest = max((value for value in values if value is not None), default=0.0)
    return "".join(FAILED if v is None else _bar(v, greatest, bars) for v in values)


def _bar(value: float, greatest: float, bars: str) -> str:
    height = math.ceil(len(bars) * (value / greatest)) if greatest > 0 else 1
    return bars[max(1, height) - 1]


def tries(by_tree: Mapping[K, tuple[int, int]]) -> Tries:
    """Return the tries by the numbers of passes and failures on each tree."""
    counts = list(by_tree.values())
    return Tries(
        len(counts),
        sum(1 for passed, failed in counts if passed and failed),
        sum(passed for passed, _ in counts),
        sum(failed for _, failed in counts),
    )


def first_red(newest_first: Iterable[tuple[bool, T]]) -> tuple[T, int] | None:
    """Return the oldest failure since the last pass, and the number of failures since then.

    None if the newest is a pass. The booleans tell which ones are failures.
    """
    found: tuple[T, int] | None = None
    for number, (red, item) in enumerate(newest_first, start=1):
        if not red:
            break
        found = item, number
    return found


def load_factor(alone: Sequence[float], loaded: Sequence[float]) -> float | None:
    """Return the usual seconds on a loaded machine in relation to those alone, if both are known.

    A median of fewer than FEW values is not known.
    """
    usual = median(alone)
    if len(alone) < FEW or len(loaded) < FEW or not usual:
        return None
    return (median(loaded) or 0.0) / usual
