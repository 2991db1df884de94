"""The tables of the first page: the last verdict of each branch, and the last runs. Pure."""

from __future__ import annotations

from itertools import islice

from lib.commit_queue.states import State
from lib.common.plain_text import duration
from lib.dashboard import time_tags
from lib.dashboard.overview import Item, Overview
from lib.dashboard.sections import section, table
from lib.dashboard.words import commit, entry_number, mark, name, place, reason, run_link
from lib.page.markup import Html, join, tag

SHOWN_BROKEN = 3  # jobs of a red run


def branches(shown: Overview) -> Html:
    """Return the section of the last verdict of each branch."""
    rows = [
        tag(
            "tr",
            tag("th", name(branch), scope="row", class_="name"),
            *_cells(item, shown.now),
        )
        for branch, item in shown.branches
    ]
    heads = ("Branch", "Last verdict", "Commit", "When", "Took")
    return section("branches", "Branches", table(heads, rows), there=bool(rows))


def recent(shown: Overview) -> Html:
    """Return the section of the runs that ended last."""
    rows = [
        tag(
            "tr",
            tag(
                "th",
                tag("span", place(item.where, item.entry), class_="name"),
                entry_number(item.entry),
                scope="row",
            ),
            *_cells(item, shown.now),
        )
        for item in shown.recent
    ]
    heads = ("Where", "End", "Commit", "When", "Took")
    return section("recent", "Recent runs", table(heads, rows), there=bool(rows))


def _cells(item: Item, now: float) -> list[Html]:
    took = "" if item.seconds is None else duration(item.seconds)
    state = mark(item.state, whole=item.whole)
    return [
        tag(
            "td",
            run_link(state, item.run_name),
            _why(item),
            class_="verdict",
        ),
        tag("td", commit(item.sha, item.run_name), class_="sha"),
        tag("td", time_tags.ago(item.began, now), class_="when"),
        tag("td", took, class_="number took"),
    ]


def _why(item: Item) -> Html | None:
    """Return the reason of an end: the jobs that broke, the words of the queue, or its limits."""
    if item.run and item.run.broken and item.state != State.PASSED:
        broken = item.run.broken
        names = ", ".join(islice(broken, SHOWN_BROKEN))
        more = f" and {len(broken) - SHOWN_BROKEN} more" if len(broken) > SHOWN_BROKEN else ""
        return tag("span", reason(f"{names}{more}"), class_="reason soft")
    if item.entry and item.entry.reason:
        why = item.entry.reason.removeprefix(f"{item.state} ")  # which stands above it
        return tag("span", reason(why), _log(item), class_="reason soft")
    return tag("span", item.limits, class_="reason soft") if item.limits else None


def _log(item: Item) -> Html | None:
    """Return the command that shows what was printed, where no page of a run has it."""
    if item.entry is None or item.run or item.state != State.ERROR:
        return None
    return join([" (", tag("code", f"queue log {item.entry.id}"), ")"])
