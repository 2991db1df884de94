"""Draws one job on the time axis: its waits, its attempts, its outputs, its seconds. Pure.

A row is HEIGHT units high. Places along the axis are in percent of the picture's width.
"""

from __future__ import annotations

from lib.common.plain_text import duration
from lib.page import outcomes
from lib.page.markup import Html, join, tag
from lib.page.scale import Scale
from lib.timeline.run_record import AttemptSpan, JobRecord

HEIGHT = 26
TOP, THICK = 7, 12  # of a bar
MIDDLE = TOP + THICK / 2
SEEN = 0.05  # seconds: a wait that is shorter is told as 0.0 s
LEAD, WAIT = 1, 3  # thickness of the lines of waits
RIGHT = 0.88  # from there on, text does not fit between a bar and the margin
FITS = 0.16  # the share of the axis of a bar in which text fits, on a phone too


def drawn(job: JobRecord, scale: Scale, end: float) -> Html:
    """Return the picture of a job; `end` is the moment at which what still runs is cut off."""
    return join(
        [
            *(
                _wait(span.began, span.ended, span.kind, scale)
                for span in job.waits
                if span.ended - span.began >= SEEN
            ),
            *(_attempt(job, attempt, scale, end) for attempt in job.attempts),
            *(_output(name, at, scale) for name, at in job.outputs.items()),
            _caption(job, scale, end),
        ]
    )


def _wait(began: float, ended: float, kind: str, scale: Scale) -> Html:
    thick, name = (LEAD, "lead") if kind == "dependency" else (WAIT, "wait")
    return _box(name, scale, began, ended, MIDDLE - thick / 2, thick)


def _attempt(job: JobRecord, attempt: AttemptSpan, scale: Scale, end: float) -> Html:
    """Return the bar of one attempt: that of a service is paler once others can use it."""
    ended = end if attempt.ended is None else attempt.ended
    look = f"bar {outcomes.css_class(attempt.outcome)}"
    ready = job.served_at
    if not job.service or ready is None or not attempt.started <= ready <= ended:
        return _box(look, scale, attempt.started, ended, TOP, THICK)
    return join(
        [
            _box(look, scale, attempt.started, ready, TOP, THICK),
            _box(f"{look} serves", scale, ready, ended, TOP, THICK),
        ]
    )


def _output(name: str, at: float, scale: Scale) -> Html:
    mark = tag("title", f"{name} was written")
    return tag("rect", mark, class_="output", x=scale.x(at), y=TOP - 3, width=2, height=THICK + 6)


def _box(name: str, scale: Scale, began: float, ended: float, y: float, height: float) -> Html:
    width = scale.width(began, ended)
    return tag("rect", class_=name, x=scale.x(began), y=y, width=width, height=height)


def _caption(job: JobRecord, scale: Scale, end: float) -> Html:
    """Return the seconds of a job, and its outcome unless it passed, beside its bar."""
    look = f"said {outcomes.css_class(job.outcome)}"
    y = TOP + THICK - 2
    if job.started is None:
        return tag("text", said_of(job), class_=look, x=0, y=y)
    ended = end if job.ended is None else job.ended
    if scale.share(ended) <= RIGHT:
        return tag("text", said_of(job), class_=look, x=scale.x(ended), dx=6, y=y)
    inside = scale.share(ended) - scale.share(job.started) > FITS
    at = ended if inside else job.started
    look += " inside" if inside else ""
    return tag("text", said_of(job), class_=look, x=scale.x(at), dx=-6, y=y, text_anchor="end")


def said_of(job: JobRecord) -> str:
    """Return the seconds of a job, after its outcome unless it passed."""
    words = [] if job.outcome == "passed" else [outcomes.word(job)]
    if job.attempts and job.seconds is not None:
        words.append(duration(job.seconds))
    elif job.reason:
        words.append(f"({job.reason})")
    return " ".join(words)
