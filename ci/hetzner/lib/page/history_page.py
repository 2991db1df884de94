"""Makes the page of past runs: red jobs, the slowest, the flakiest, the most waited for. Pure."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice
from typing import NamedTuple

from lib.common.plain_text import duration, utc
from lib.diagnosis.most_waited import WaitedFor
from lib.history import job_figures
from lib.history.job_figures import JobFigures
from lib.history.past_runs import JobRun
from lib.history.statistics import Tries
from lib.page.document import page
from lib.page.markup import Html, tag
from lib.page.run_bars import RunBar, bars
from lib.page.tables import table

RECENT = 40  # runs with a bar
MOST = 50  # rows of a list
MOST_JOBS = 300  # with their bars: more would make a page of many megabytes
STYLES = ("page", "history")
SHORT = 7  # characters of a commit


class PastRuns(NamedTuple):
    """The recorded runs that the page tells of: each job's share, the newest run first.

    `flaky` are the tries of jobs (with an empty name of a test) and tests. `waited` comes from the
    `timed` newest runs whose events are kept.
    """

    branch: str
    runs: int
    jobs: Mapping[str, Sequence[JobRun]]
    flaky: Mapping[tuple[str, str], Tries]
    waited: Sequence[WaitedFor]
    timed: int


def view(past: PastRuns) -> str:
    """Return the page. Raises OSError if its stylesheets cannot be read."""
    figures = {name: job_figures.figures(name, runs) for name, runs in past.jobs.items()}
    where = f" of {past.branch}" if past.branch else ""
    sections = (
        _red([told for told in figures.values() if told.red_since]),
        _slowest(past, figures),
        _flakiest(past.flaky),
        _waited(past),
    )
    header = tag(
        "header",
        tag("h1", "History"),
        tag("p", f"The latest {past.runs} runs{where}{_times(past)}.", class_="soft"),
    )
    shown = (section for section in sections if section is not None)
    return page(f"History{where}", header, tag("main", *shown), styles=STYLES)


def _times(past: PastRuns) -> str:
    started = [run.started for runs in past.jobs.values() for run in runs]
    days = dict.fromkeys(day(moment) for moment in (min(started), max(started))) if started else {}
    return f", {' to '.join(days)}" if days else ""


def day(seconds: float) -> str:
    """Return the day of a time in seconds since the epoch, UTC."""
    return utc(seconds, "%Y-%m-%d") or "an unknown day"


def _red(red: Sequence[JobFigures]) -> Html | None:
    if not red:
        return None
    rows = [tag("li", tag("b", told.job), f" since {_since(told)}") for told in red]
    return tag(
        "section", tag("h2", "Red now", id="red"), tag("ul", *rows, class_="broken"),
        aria_labelledby="red",
    )  # fmt: skip


def _since(told: JobFigures) -> str:
    first = told.red_since
    if first is None:
        return ""
    where = f" of {first.branch}" if first.branch else ""
    runs = "1 run" if told.red_runs == 1 else f"{told.red_runs} runs"
    return f"{first.sha[:SHORT]}{where}, {day(first.started)}, {runs}"


def _slowest(past: PastRuns, figures: Mapping[str, JobFigures]) -> Html:
    order = sorted(figures, key=lambda name: -(figures[name].median_seconds or 0.0))
    heads = ("Job", "Latest runs", "Runs", "Passed", "Median", "95 %")
    rows = [
        (
            name,
            bars(_bars(past.jobs[name])),
            str(figures[name].runs),
            "" if (rate := figures[name].pass_rate) is None else f"{rate:.0%}",
            _seconds(figures[name].median_seconds),
            _seconds(figures[name].p95_seconds),
        )
        for name in islice(order, MOST_JOBS)
    ]
    return table("Slowest jobs", heads, rows, right=2, more=len(order) - MOST_JOBS)


def _bars(newest_first: Sequence[JobRun]) -> list[RunBar]:
    tried = [*islice((run for run in newest_first if run.passed or run.red), RECENT)]
    return [
        RunBar(run.seconds, run.outcome if run.passed else "failed", _title(run))
        for run in reversed(tried)
    ]


def _title(run: JobRun) -> str:
    return f"{run.run}: {run.outcome}, {duration(run.seconds)}"


def _flakiest(flaky: Mapping[tuple[str, str], Tries]) -> Html | None:
    shares = {key: tries.failed / (tries.passed + tries.failed) for key, tries in flaky.items()}
    worst = sorted(flaky, key=lambda key: (-flaky[key].flaky_trees, -shares[key]))
    rows = [
        (
            *(test or "the job itself", job),
            *map(str, (flaky[job, test].flaky_trees, flaky[job, test].trees)),
            f"{shares[job, test]:.0%}",
        )
        for job, test in islice(worst, MOST)
    ]
    heads = ("Test", "Job", "Trees with both ends", "Trees", "Failed tries")
    return table("Flakiest", heads, rows, right=2) if rows else None


def _waited(past: PastRuns) -> Html | None:
    rows = [
        (each.name, _seconds(each.seconds), f"{each.runs} of {past.timed}")
        for each in islice(past.waited, MOST)
    ]
    heads = ("Job or pool", "Mean seconds on the critical path", "Runs")
    return table("Most waited for", heads, rows, right=1) if rows else None


def _seconds(value: float | None) -> str:
    return "" if value is None else duration(value)
