"""All jobs of a large run in one small picture, a thin line each. Pure."""

from __future__ import annotations

from lib.page import outcomes
from lib.page.markup import Html, tag
from lib.page.scale import Scale
from lib.timeline.run_record import JobRecord, RunRecord

MOST_HIGH = 360  # pixels
THICKEST = 3.0  # pixels a job
WIDE = 1000  # units


def overview(record: RunRecord, scale: Scale) -> Html:
    """Return the picture: one path for each outcome, so that thousands of jobs stay light."""
    jobs = [job for job in record.jobs if not outcomes.is_left_out(job)]
    thick = min(THICKEST, MOST_HIGH / max(len(jobs), 1))
    strokes: dict[str, list[str]] = {}
    for row, job in enumerate(jobs):
        if job.started is not None:
            look = outcomes.css_class(job.outcome)
            strokes.setdefault(look, []).append(_stroke(job, row, scale, record.end))
    broken_last = sorted(strokes, key=lambda look: look in ("failed", "timed-out"))
    return tag(
        "svg",
        *(tag("path", d="".join(strokes[look]), class_=look) for look in broken_last),
        class_="overview",
        viewBox=f"0 0 {WIDE} {len(jobs)}",
        preserveAspectRatio="none",
        height=round(thick * len(jobs)),
        role="img",
        aria_label=f"All {len(jobs)} jobs over time: {outcomes.counts(record)}",
    )


def _stroke(job: JobRecord, row: int, scale: Scale, end: float) -> str:
    began = WIDE * scale.share(job.started or 0.0)
    length = WIDE * scale.share(end if job.ended is None else job.ended) - began
    return f"M{began:.1f} {row + 0.5:g}h{max(length, 1):.1f}"
