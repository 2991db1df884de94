"""The machine below a timeline: processors, waiting for disks, memory. Pure."""

from __future__ import annotations

from lib.common.plain_text import size
from lib.page import sparkline
from lib.page.markup import Html, tag
from lib.page.scale import Scale
from lib.sampling.samples import Samples

HIGH, WIDE = sparkline.AREA_HIGH, sparkline.AREA_WIDE


def areas(samples: Samples, scale: Scale) -> Html | None:
    """Return an area for each amount, on the axis of the timeline; None without samples."""
    if not samples.at:
        return None
    both = [cpu + wait for cpu, wait in zip(samples.cpu, samples.iowait, strict=True)]
    processors = [
        sparkline.area(samples.at, both, 1.0, scale, "iowait"),
        sparkline.area(samples.at, samples.cpu, 1.0, scale, "cpu"),
    ]
    memory = sparkline.area(samples.at, samples.memory, samples.memory_size, scale, "memory")
    count = f"{samples.processors} processors" if samples.processors else "Processors"
    whole = f" of {size(samples.memory_size)}" if samples.memory_size else ""
    mean = sum(samples.cpu) / len(samples.cpu)
    waits = max(samples.iowait)
    said = f"{mean:.0%} on average" + (f", {waits:.0%} disk wait at most" if waits >= 0.05 else "")
    return tag(
        "div",
        _row(count, said, *processors),
        _row("Memory", f"{size(max(samples.memory))}{whole} at most", memory),
        class_="machine",
    )


def _row(name: str, said: str, *shapes: Html) -> Html:
    picture = tag(
        "svg",
        *shapes,
        viewBox=f"0 0 {WIDE} {HIGH}",
        preserveAspectRatio="none",
        role="img",
        aria_label=f"{name} over time: {said}",
    )
    return tag("div", tag("p", name, tag("small", said)), picture, class_="amount")
