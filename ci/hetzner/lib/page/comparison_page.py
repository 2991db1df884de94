"""Makes the page of several runs: their timelines on one axis, and all that differs. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from lib.common.plain_text import duration, utc
from lib.diagnosis.comparison import NOT_IN_BOTH, UNCHANGED, Comparison, JobChange
from lib.page import outcomes, timeline_plot, timeline_rows
from lib.page.document import page
from lib.page.markup import Html, tag
from lib.page.scale import Scale
from lib.page.tables import table
from lib.page.verdict_header import commit
from lib.timeline.run_record import RunRecord

STYLES = ("page", "report", "timeline", "comparison")
MOST = 200  # rows of a list


def view(labels: Sequence[str], compared: Comparison, changes: Sequence[str] | None) -> str:
    """Return the page of runs, the oldest first; `changes` are those of the environment.

    Raises OSError if its stylesheets cannot be read.
    """
    longest = max(run.end - run.beginning for run in compared.runs)
    sections = (
        _runs(labels, compared.runs),
        tag("p", f"{UNCHANGED.capitalize()}.") if compared.unchanged else None,
        _changed("Ended otherwise", labels, compared.other_ends),
        _changed("Slower", labels, compared.slower),
        _changed("Faster", labels, compared.faster),
        _listed("Flaky", compared.flaky),
        _listed(NOT_IN_BOTH.capitalize(), compared.not_in_all),
        _timelines(labels, compared.runs, longest),
        _listed(compared.around.capitalize(), _told(changes)),
    )
    header = tag("header", tag("h1", f"{len(labels)} runs compared"))
    shown = (section for section in sections if section is not None)
    title = f"Compared: {', '.join(labels)}"
    return page(title, header, tag("main", *shown), styles=STYLES)


def _told(changes: Sequence[str] | None) -> Sequence[str]:
    if changes is None:
        return ("not known: environment.json of one of both is not there",)
    return changes or ("nothing that the records tell",)


def _runs(labels: Sequence[str], runs: Sequence[RunRecord]) -> Html:
    rows = [
        (
            label,
            _verdict(run),
            "" if run.seconds is None else tag("span", duration(run.seconds), class_="number"),
            str(run.header.get("branch") or ""),
            commit(str(run.header.get("sha") or "")),
            tag("span", utc(run.began, "%Y-%m-%d %H:%M UTC"), class_="number"),
        )
        for label, run in zip(labels, runs, strict=True)
    ]
    heads = ("Run", "Verdict", "Took", "Branch", "Commit", "Began")
    return table("Runs", heads, rows, right=len(heads))


def _verdict(run: RunRecord) -> Html:
    word, look = outcomes.verdict(run)
    return tag("span", word, class_=look)


def _changed(title: str, labels: Sequence[str], jobs: Sequence[JobChange]) -> Html | None:
    """Return a table of jobs, None without any."""
    if not jobs:
        return None
    rows = [
        (
            job.name,
            *map(_end, job.outcomes, job.seconds),
            f"{job.change:+.1f} s" if job.change else "",
        )
        for job in islice(jobs, MOST)
    ]
    heads = ("Job", *labels, "Change")
    return table(title, heads, rows, right=1, more=len(jobs) - MOST)


def _end(outcome: str, seconds: float | None) -> str:
    took = None if seconds is None else duration(seconds)
    if outcome == "passed" and took:
        return took
    return " ".join(filter(None, (outcome or "not there", took)))


def _listed(title: str, entries: Sequence[str]) -> Html | None:
    if not entries:
        return None
    name = title.lower().replace(" ", "-")
    items = [tag("li", tag("span", entry, class_="name")) for entry in islice(entries, MOST)]
    if len(entries) > MOST:
        items.append(tag("li", f"and {len(entries) - MOST} more", class_="soft"))
    heading = tag("h2", title, id=name)
    return tag("section", heading, tag("ul", *items), aria_labelledby=name)


def _timelines(labels: Sequence[str], runs: Sequence[RunRecord], longest: float) -> Html:
    """Return the timelines, the newest below, each from its own beginning on one axis."""
    figures = [_figure(label, run, longest) for label, run in zip(labels, runs, strict=True)]
    heading = tag("h2", "Timelines", id="timelines")
    return tag("section", heading, *figures, aria_labelledby="timelines")


def _figure(label: str, run: RunRecord, longest: float) -> Html:
    scale = Scale(run.beginning, run.beginning + longest)
    jobs = timeline_rows.rows(run, ())

    def place(number: int) -> Mapping[str, str]:
        return {"style": f"--i:{number}"}

    names = (tag("li", job.name, class_=outcomes.css_class(job.outcome)) for job in jobs)
    plot = tag(
        "svg",
        timeline_plot.head(scale, ()),
        timeline_plot.bars(jobs, scale, run.end, place),
        class_="plot",
        role="img",
        aria_label=f"A bar for each job of {label} on the axis of time.",
    )
    chart = tag(
        "div",
        tag("ol", *names, class_="names"),
        plot,
        class_="chart",
        style=f"--rows:{len(jobs)};--lanes:0",
    )
    took = "" if run.seconds is None else f" {duration(run.seconds)}"
    caption = tag("figcaption", tag("h3", label, tag("span", took, class_="soft")))
    return tag("figure", caption, chart)
