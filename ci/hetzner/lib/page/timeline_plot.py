"""Draws the plot of a timeline: axis, gates, a bar a job, the critical path. Pure.

The page and the file timeline.svg show the same plot; they differ in how rows are placed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise

from lib.common.plain_text import duration
from lib.page import job_bars, outcomes
from lib.page.markup import Html, join, tag
from lib.page.scale import Scale
from lib.page.timeline_rows import Gate, label
from lib.timeline.critical_path import WORK, Link
from lib.timeline.run_record import JobRecord

AXIS, LANE = 24, 18  # height of the axis, and of a lane with labels of gates
UNDER = job_bars.TOP + job_bars.THICK + 1.5  # where the critical path runs in a row
PATH = 2  # its thickness
RIGHT = 0.82  # from there on, labels stand on the left of their gate

Place = Callable[[int], Mapping[str, str]]


def head_height(gates: Sequence[Gate]) -> int:
    """Return the height of what is above the first row."""
    return AXIS + LANE * lanes(gates)


def lanes(gates: Sequence[Gate]) -> int:
    """Return the number of lanes with labels of gates."""
    return 1 + max((gate.lane for gate in gates if gate.lane is not None), default=-1)


def head(scale: Scale, gates: Sequence[Gate]) -> Html:
    """Return the axis and the gates: lines from the top to the bottom, labels at the top."""
    ticks = []
    for at, said in scale.ticks():
        x, first = scale.x(at), at == scale.began
        anchor = {} if first else {"text_anchor": "middle" if scale.share(at) < 0.95 else "end"}
        ticks.append(tag("line", class_="tick", x1=x, x2=x, y1=AXIS - 6, y2="100%"))
        ticks.append(tag("text", said, class_="time", x=x, y=12, **anchor))
    return tag("g", *ticks, *(_gate(gate, scale) for gate in gates))


def _gate(gate: Gate, scale: Scale) -> Html:
    x, top = scale.x(gate.at), AXIS + LANE * (gate.lane or 0)
    left = {"dx": -5, "text_anchor": "end"} if scale.share(gate.at) > RIGHT else {"dx": 5}
    name = label(gate.job, gate.output)
    line = tag("line", tag("title", name), class_="gate", x1=x, x2=x, y1=top, y2="100%")
    if gate.lane is None:
        return line
    return join([line, tag("text", name, class_="gate-name", x=x, y=top + 12, **left)])


def bars(jobs: Sequence[JobRecord], scale: Scale, end: float, place: Place) -> Html:
    """Return a group a job, each placed by `place`."""
    groups = [
        tag(
            "g",
            tag("title", told(job, scale.began)),
            job_bars.drawn(job, scale, end),
            class_="row",
            **place(number),
        )
        for number, job in enumerate(jobs)
    ]
    return join(groups)


def told(job: JobRecord, beginning: float) -> str:
    """Return what a pointer on a bar shows: the job, its outcome, its times."""
    said = f"{job.name}: {outcomes.word(job)}"
    if job.started is not None and job.ended is not None:
        began, ended = job.started - beginning, job.ended - beginning
        said += f", {duration(job.ended - job.started)} from {began:.1f} s to {ended:.1f} s"
    return said + (f", usually {duration(job.usual)}" if job.usual else "")


def path_in_rows(
    jobs: Sequence[JobRecord], links: Sequence[Link], scale: Scale, place: Place
) -> Html:
    """Return the critical path below the bars of its jobs, dashed where a job waited."""
    rows = {job.name: number for number, job in enumerate(jobs)}
    return join(
        tag(
            "rect",
            class_="critical" if link.kind in WORK else "critical waits",
            x=scale.x(link.began),
            y=UNDER,
            width=scale.width(link.began, link.ended),
            height=PATH,
            **place(rows[link.job]),
        )
        for link in links
        if link.job in rows
    )


def path_between_rows(jobs: Sequence[JobRecord], links: Sequence[Link], scale: Scale) -> Html:
    """Return the steps of the critical path from job to job, in units of a row's height."""
    rows = {job.name: number for number, job in enumerate(jobs)}
    shown = [link for link in links if link.job in rows]
    steps = []
    for before, after in pairwise(shown):
        x, first, last = scale.x(after.began), rows[before.job], rows[after.job]
        if first != last:
            steps.append(tag("line", x1=x, x2=x, y1=first, y2=last))
    return tag("g", *steps, class_="steps")
