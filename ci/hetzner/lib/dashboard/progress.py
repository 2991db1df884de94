"""How far a run is: a bar of its jobs, those that run, those that broke. Pure."""

from __future__ import annotations

from itertools import islice

from lib.common.plain_text import counted, duration
from lib.dashboard import time_tags
from lib.dashboard.run_lines import RunLine, RunningJob
from lib.page.markup import Html, file_link, join, tag

MOST = 12  # jobs of a kind
WIDE, HIGH = 1000, 8  # of the bar


def progress(run: RunLine, now: float, below: str) -> Html:
    """Return the bar and the jobs of a run; `below` is the way to its directory."""
    if not run.total:
        return tag("p", "prepares the tree", class_="soft")
    broken = [tag("li", _log(name, below), class_="red") for name in islice(run.broken, MOST)]
    running = [tag("li", _running(job, now, below)) for job in islice(run.running, MOST)]
    left_out = max(0, len(run.broken) - MOST) + max(0, len(run.running) - MOST)
    more = [tag("li", f"and {left_out} more", class_="soft")] if left_out else []
    return join(
        [
            _bar(run),
            tag("p", _counts(run), class_="counts soft"),
            tag("ul", *broken, *running, *more, class_="chips") if broken or running else None,
        ]
    )


def _counts(run: RunLine) -> str:
    parts = [f"{run.ended} of {counted(run.total, 'job')}"]
    parts += [f"{len(run.broken)} failed"] if run.broken else []
    parts += [f"{len(run.at_work)} running"] if run.at_work else []
    return " · ".join(parts)


def _bar(run: RunLine) -> Html:
    """Draw the shares of the jobs that passed, broke and run, from the left."""
    shares = (("passed", run.passed), ("failed", len(run.broken)), ("runs", len(run.at_work)))
    parts, at = [], 0.0
    for look, count in shares:
        width = WIDE * count / run.total
        if count:
            parts.append(tag("rect", class_=look, x=at, y=0, width=width, height=HIGH))
        at += width
    return tag(
        "svg",
        *parts,
        class_="bar",
        viewBox=f"0 0 {WIDE} {HIGH}",
        preserveAspectRatio="none",
        role="img",
        aria_label=_counts(run),
    )


def _running(job: RunningJob, now: float, below: str) -> Html:
    if job.serves:
        return join([_log(job.name, below), " serves"])
    usual = tag("span", f" of {duration(job.usual)}", class_="soft") if job.usual else None
    return join([_log(job.name, below), Html(" "), time_tags.since(job.since, now), usual])


def _log(job: str, below: str) -> Html:
    address = f"{file_link(f'{below}{job}.log')}?follow=1"
    return tag("a", job, href=address, class_="name")
