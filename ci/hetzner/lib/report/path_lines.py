"""Lays the critical path of a run out for people. Pure."""

from __future__ import annotations

import heapq

from lib.common.plain_text import duration, table
from lib.report.view import Section
from lib.timeline.critical_path import WORK, CriticalPath, Link, critical_path
from lib.timeline.run_record import RunRecord

MOST = 12  # links that are shown, the longest
SHORTEST = 0.1  # seconds of a link that is shown


def sections(record: RunRecord) -> list[Section]:
    """Return the section on the critical path of a run; none if the run was short."""
    shown = lines(critical_path(record), record.end - record.beginning)
    return [Section(shown, needed=False)] if shown else []


def lines(path: CriticalPath, whole: float) -> list[str]:
    """Return the path of a run that took `whole` seconds: its share, then a line for each link.

    Short links are summed up. There are no lines if nothing was long.
    """
    long = [link for link in path.links if link.seconds >= SHORTEST]
    shown = heapq.nlargest(MOST, long, key=_seconds)
    if not shown:
        return []
    head = f"critical path: jobs ran for {100 * path.share:.0f} % of {duration(whole)}"
    rows = [(duration(link.seconds), *_told(link)) for link in path.links if link in shown]
    rest = sum(link.seconds for link in path.links) - sum(link.seconds for link in shown)
    if rest >= SHORTEST:
        rows.append((duration(rest), f"({len(path.links) - len(shown)} shorter)", ""))
    return [head, *(f"  {line}" for line in table(rows, right=[0]))]


def _seconds(link: Link) -> float:
    return link.seconds


def _told(link: Link) -> tuple[str, str]:
    """Return the job of a link, and what it did or waited for."""
    if link.kind in WORK or not link.job:
        return link.job or link.text, link.text if link.job else ""
    if link.kind == "end":
        return link.job, link.text
    return link.job, f"waited for {link.text}"
