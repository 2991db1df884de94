"""The timeline of a report: names beside the plot, the machine below it. Pure.

Places of rows come from the stylesheet (`--i` is the number of a row): on a phone the names stand
above the bars.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from lib.common.plain_text import duration
from lib.page import machine_areas, outcomes, timeline_plot, timeline_rows
from lib.page.job_bars import SEEN
from lib.page.markup import Html, tag
from lib.page.overview import overview
from lib.page.scale import Scale
from lib.sampling.samples import Samples
from lib.timeline.critical_path import CriticalPath
from lib.timeline.run_record import JobRecord, RunRecord

PLACES = {
    "pool": "a pool",
    "slot": "a free slot",
    "delay": "its delay",
    "retry": "its next attempt",
}
LEGEND = (
    ("bar", "ran"),
    ("bar serves", "served others"),
    ("wait", "waited for {places}"),
    ("lead", "waited for other jobs"),
    ("critical", "critical path"),
)


def section(record: RunRecord, path: CriticalPath, samples: Samples | None) -> Html:
    """Return the section."""
    scale = Scale(record.beginning, record.end)
    jobs = timeline_rows.rows(record, {link.job for link in path.links})
    gates = timeline_rows.gates(record, scale)
    count = sum(not outcomes.is_left_out(job) for job in record.jobs)
    few = len(jobs) < count
    chart = tag(
        "div",
        _labels(jobs, {job.name: number for number, job in enumerate(record.jobs, 1)}),
        _plot(jobs, path, scale, record, gates),
        class_="chart",
        style=f"--rows:{len(jobs)};--lanes:{timeline_plot.lanes(gates)}",
    )
    return tag(
        "section",
        tag("h2", "Timeline", id="timeline-title"),
        overview(record, scale) if few else None,
        tag("p", _chosen(len(jobs), count), class_="soft") if few else None,
        tag(
            "figure",
            _legend(jobs),
            chart,
            _gates(gates, scale) if gates else None,
            machine_areas.areas(samples, scale) if samples else None,
        ),
        id="timeline",
        aria_labelledby="timeline-title",
    )


def _chosen(shown: int, count: int) -> str:
    return (
        f"Above, each of the {count:,} jobs is a thin line. Below are {shown} of them: "
        "the critical path, what did not pass, and the longest."
    )


def _labels(jobs: Sequence[JobRecord], numbers: Mapping[str, int]) -> Html:
    return tag(
        "ol",
        *(
            tag(
                "li",
                tag("a", job.name, href=f"#job-{numbers[job.name]}", title=job.name),
                class_=outcomes.css_class(job.outcome),
            )
            for job in jobs
        ),
        class_="names",
    )


def _plot(
    jobs: Sequence[JobRecord],
    path: CriticalPath,
    scale: Scale,
    record: RunRecord,
    gates: Sequence[timeline_rows.Gate],
) -> Html:
    def place(number: int) -> Mapping[str, str]:
        return {"style": f"--i:{number}"}

    between = timeline_plot.path_between_rows(jobs, path.links, scale)
    return tag(
        "svg",
        timeline_plot.head(scale, gates),
        tag("g", between, class_="between"),
        timeline_plot.bars(jobs, scale, record.end, place),
        timeline_plot.path_in_rows(jobs, path.links, scale, place),
        class_="plot",
        role="img",
        aria_label="A bar for each job on the axis of time. The table of jobs has the same times.",
    )


def _gates(gates: Sequence[timeline_rows.Gate], scale: Scale) -> Html:
    """Return the labels of the gates as a list, for phones and for screen readers."""
    said = [
        f"{timeline_rows.label(gate.job, gate.output)} {duration(gate.at - scale.began)}"
        for gate in gates
    ]
    return tag("ul", *(tag("li", text) for text in said), class_="gates", aria_label="Outputs")


def _legend(jobs: Sequence[JobRecord]) -> Html:
    """Return the legend, of what is in the plot alone."""
    waits = (span for job in jobs for span in job.waits)
    kinds = {span.kind for span in waits if span.ended - span.began >= SEEN}
    has = {
        "bar serves": any(job.service for job in jobs),
        "wait": bool(kinds & PLACES.keys()),
        "lead": "dependency" in kinds,
    }
    places = " or ".join(said for kind, said in PLACES.items() if kind in kinds)
    shown = ((look, said.format(places=places)) for look, said in LEGEND if has.get(look, True))
    return tag("ul", *(_entry(*each) for each in shown), class_="legend")


def _entry(look: str, said: str) -> Html:
    height = {"bar": 10, "wait": 3, "lead": 1}.get(look.partition(" ")[0], 2)
    mark = tag("rect", class_=look, width=18, height=height, y=(10 - height) / 2)
    return tag("li", tag("svg", mark, width=18, height=10, aria_hidden="true"), said)
