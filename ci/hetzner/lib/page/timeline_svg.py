"""Makes timeline.svg: the timeline as a picture of its own, for a pull request. Pure but for
reading its stylesheet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.common.plain_text import duration
from lib.page import outcomes, timeline_plot, timeline_rows
from lib.page.document import style
from lib.page.job_bars import HEIGHT, MIDDLE
from lib.page.markup import Html, tag
from lib.page.scale import Scale
from lib.report.run_inputs import RunInputs
from lib.timeline.critical_path import Link, critical_path
from lib.timeline.run_record import JobRecord, RunRecord

WIDTH, MARGIN, TITLE, GAP = 1200, 24, 64, 16
LETTER = 7.8  # width of a letter of a name, bold and in a wide font
MOST_LETTERS = 36


def view(inputs: RunInputs) -> str:
    """Return the file. Raises OSError if its stylesheet cannot be read."""
    return picture(inputs.record, critical_path(inputs.record).links)


def picture(record: RunRecord, links: Sequence[Link]) -> str:
    """Return the picture of a run with these links of its critical path. Raises OSError."""
    scale = Scale(record.beginning, record.end)
    jobs = timeline_rows.rows(record, {link.job for link in links})
    gates = timeline_rows.gates(record, scale)
    letters = max((len(job.name) for job in jobs), default=0)
    left = MARGIN + round(LETTER * min(letters, MOST_LETTERS)) + GAP
    first = timeline_plot.head_height(gates)
    height = TITLE + first + HEIGHT * len(jobs) + MARGIN
    plot = tag(
        "svg",
        timeline_plot.head(scale, gates),
        *_rows(jobs, links, scale, first),
        x=left,
        y=TITLE,
        width=WIDTH - MARGIN - left,
        height=height - TITLE - MARGIN,
    )
    # a picture within the picture cuts off what is too long
    labels = _labels(jobs, first)
    names = tag("svg", *labels, x=MARGIN, y=TITLE, width=left - GAP - MARGIN, height="100%")
    return f"{_paper(record, height, plot, names)}\n"


def _rows(jobs: Sequence[JobRecord], links: Sequence[Link], scale: Scale, first: int) -> list[Html]:
    """Return the bars of the jobs and the path through them, from the height `first` on."""

    def place(number: int) -> Mapping[str, str]:
        return {"transform": f"translate(0 {first + HEIGHT * number})"}

    between = timeline_plot.path_between_rows(jobs, links, scale)
    stretched = f"translate(0 {first + timeline_plot.UNDER + 1}) scale(1 {HEIGHT})"
    return [
        tag("g", between, transform=stretched),
        timeline_plot.bars(jobs, scale, scale.ended, place),
        timeline_plot.path_in_rows(jobs, links, scale, place),
    ]


def _labels(jobs: Sequence[JobRecord], first: int) -> list[Html]:
    """Return the names of the jobs, one in each row."""
    return [
        tag(
            "text",
            job.name,
            class_=f"job {outcomes.css_class(job.outcome)}",
            y=first + HEIGHT * number + MIDDLE + 4,
        )
        for number, job in enumerate(jobs)
    ]


def _paper(record: RunRecord, height: int, *drawn: Html) -> Html:
    """Return the whole picture: a sheet with a title, and what is drawn on it."""
    return tag(
        "svg",
        tag("title", title(record)),
        style("timeline"),
        tag("rect", class_="paper", width="100%", height="100%", rx=8),
        _title(record),
        *drawn,
        xmlns="http://www.w3.org/2000/svg",
        class_="alone",
        width=WIDTH,
        height=height,
        viewBox=Html(f"0 0 {WIDTH} {height}"),
        role="img",
    )


def title(record: RunRecord) -> str:
    """Return a sentence on the run: its verdict, its length, its commit."""
    said = f"{outcomes.verdict(record)[0]} in {duration(record.end - record.beginning)}"
    named = [str(record.header[key]) for key in ("branch", "sha") if record.header.get(key)]
    return " · ".join([said, *named])


def _title(record: RunRecord) -> Html:
    word, colour = outcomes.verdict(record)
    took = duration(record.end - record.beginning)
    parts = [
        tag("tspan", word, class_=f"verdict {colour}"),
        tag("tspan", f"in {took}", class_="took", dx=8),
        tag("tspan", outcomes.counts(record), class_="counts", dx=16),
    ]
    return tag("text", *parts, x=MARGIN, y=40)
