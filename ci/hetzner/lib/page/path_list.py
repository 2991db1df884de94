"""The critical path in words: on what the time of a run was spent. Pure."""

from __future__ import annotations

from lib.common.plain_text import duration
from lib.page.job_bars import SEEN
from lib.page.markup import Html, tag
from lib.page.scale import Scale
from lib.timeline.critical_path import CriticalPath, Link
from lib.timeline.run_record import RunRecord

WAITS = ("dependency", "slot", "pool", "delay", "retry")
MOST = 60  # links; a chain of a thousand jobs is told by its longest


def section(record: RunRecord, path: CriticalPath) -> Html | None:
    """Return the links of the path in order of time; of very many the longest."""
    if not path.links:
        return None
    scale = Scale(record.beginning, record.end)
    lengths = sorted((link.seconds for link in path.links), reverse=True)
    least = max(lengths[min(MOST, len(lengths)) - 1], SEEN)
    shown = [link for link in path.links if link.seconds >= least]
    left = len(path.links) - len(shown)
    title = f"Why it took {duration(record.end - record.beginning)}"
    return tag(
        "section",
        tag("h2", title, id="path-title"),
        tag("ol", *(_link(link, scale) for link in shown), class_="path"),
        tag("p", f"and {left} shorter", class_="soft") if left else None,
        id="path",
        aria_labelledby="path-title",
    )


def _link(link: Link, scale: Scale) -> Html:
    waits = link.kind in WAITS
    bar = tag(
        "rect",
        class_="critical waits" if waits else "critical",
        x=scale.x(link.began),
        width=scale.width(link.began, link.ended),
        y=3,
        height=8,
    )
    return tag(
        "li",
        tag("span", duration(link.seconds), class_="number"),
        tag("svg", bar, class_="share", aria_hidden="true"),
        tag("span", said(link), class_="name soft" if waits else "name"),
    )


def said(link: Link) -> str:
    """Return a link of the path in words."""
    if not link.job:
        return link.text or link.kind
    if link.kind in WAITS:
        return f"{link.job} waited for {link.text}"
    return f"{link.job}: {link.text}" if link.text else link.job
