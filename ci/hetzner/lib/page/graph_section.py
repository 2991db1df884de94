"""The graph of a run: jobs from left to right, each with what it needs. Pure."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from typing import NamedTuple

from lib.page import graph_layout, outcomes
from lib.page.markup import Html, tag
from lib.timeline.run_record import RunRecord

MOST = 120  # jobs that can be told apart in a picture
LETTER, ROW, GAP, DOT, MARGIN = 7.8, 30, 56, 4, 12

SCROLLS = "Graph of the jobs, to be scrolled"


def section(record: RunRecord, critical: Collection[str]) -> Html | None:
    """Return the section; None if no job needs another."""
    jobs = {job.name: job for job in record.jobs if not outcomes.is_left_out(job)}
    needs = {
        name: [need for need in (n.partition(":")[0] for n in job.depends_on) if need in jobs]
        for name, job in jobs.items()
    }
    if not any(needs.values()):
        return None
    if len(jobs) > MOST:
        told = f"{len(jobs):,} jobs are too many for a picture. The table has what each waited for."
        content = tag("p", told, class_="soft")
    else:
        looks = {name: outcomes.css_class(job.outcome) for name, job in jobs.items()}
        content = picture(needs, looks, critical)
    title = tag("h2", "Graph", id="graph-title")
    return tag("section", title, content, id="graph", aria_labelledby="graph-title")


class Places(NamedTuple):
    """Where the columns of a graph and their points are.

    `xs` are the left edges of the columns and the width of all, `counts` the points in each.
    """

    xs: list[float]
    counts: Mapping[int, int]

    @property
    def rows(self) -> int:
        """The number of rows."""
        return max(self.counts.values())

    def at(self, column: int, row: int) -> tuple[float, float]:
        """Return the place of a point; each column is centred."""
        return self.xs[column], MARGIN + ROW * (row + (self.rows - self.counts[column]) / 2 + 0.5)


def _places(layout: graph_layout.Layout) -> Places:
    """Return the places for a layout."""
    counts: dict[int, int] = {}
    for points in [*layout.edges.values(), layout.places.values()]:
        for column, row in points:
            counts[column] = max(counts.get(column, 0), row + 1)
    return Places(_column_places(layout), counts)


def picture(
    needs: Mapping[str, Sequence[str]], looks: Mapping[str, str], critical: Collection[str]
) -> Html:
    """Return the picture, in a box that the keyboard can scroll."""
    layout = graph_layout.laid_out(needs)
    places = _places(layout)
    edges = [
        tag(
            "path",
            d=_curve([places.at(*point) for point in points], source),
            class_=_edge(source, target, critical),
        )
        for (source, target), points in layout.edges.items()
    ]
    nodes = [
        _node(name, places.at(*place), looks[name], on_path=name in critical)
        for name, place in layout.places.items()
    ]
    width, height = places.xs[-1], 2 * MARGIN + ROW * places.rows
    drawn = tag(
        "svg",
        tag("g", *edges, class_="edges"),
        *nodes,
        width=width,
        height=height,
        viewBox=f"0 0 {width:g} {height:g}",
        role="img",
        aria_label="The jobs from left to right, each after those that it needs.",
    )
    return tag("div", drawn, class_="scrolls graph", tabindex=0, role="region", aria_label=SCROLLS)


def _node(name: str, at: tuple[float, float], look: str, *, on_path: bool) -> Html:
    x, y = at
    return tag(
        "g",
        tag("circle", cx=x + DOT, cy=y, r=DOT),
        tag("text", name, x=x + 3.5 * DOT, y=y + 4),
        class_=f"node {look}" + (" on-path" if on_path else ""),
    )


def _edge(source: str, target: str, critical: Collection[str]) -> str | None:
    return "on-path" if source in critical and target in critical else None


def _column_places(layout: graph_layout.Layout) -> list[float]:
    """Return the place of each column, and the width of all."""
    letters: dict[int, int] = {}
    for name, (column, _) in layout.places.items():
        letters[column] = max(letters.get(column, 0), len(name))
    places = [float(MARGIN)]
    for column in range(len(letters)):
        places.append(places[-1] + LETTER * letters[column] + 4 * DOT + GAP)
    return [*places[:-1], places[-1] - GAP + MARGIN]


def _curve(points: Sequence[tuple[float, float]], source: str) -> str:
    """Return a curve from the end of a job's name through the points of an edge."""
    (x, y), *others = points
    x += 4 * DOT + LETTER * len(source)
    path = [f"M{x:.0f} {y:.0f}"]
    for to_x, to_y in others:
        start = max(x, to_x - GAP)
        turn = (start + to_x) / 2
        path.append(f"H{start:.0f}C{turn:.0f} {y:.0f} {turn:.0f} {to_y:.0f} {to_x:.0f} {to_y:.0f}")
        x, y = to_x, to_y
    return "".join(path)
