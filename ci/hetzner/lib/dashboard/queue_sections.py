"""The sections of the first page on the queue: runs that go on, entries that wait. Pure."""

from __future__ import annotations

from lib.commit_queue.entry import Entry
from lib.dashboard import time_tags
from lib.dashboard.overview import MOST_WAITING, Item, Overview
from lib.dashboard.progress import progress
from lib.dashboard.sections import and_more, section
from lib.dashboard.words import commit, entry_number, name, place, reason
from lib.page.markup import Html, join, tag


def running(shown: Overview) -> Html:
    """Return the section of the runs that go on."""
    cards = [tag("li", _card(item, shown.now), class_="card") for item in shown.running]
    return section("running", "Running", tag("ul", *cards), there=bool(cards))


def _card(item: Item, now: float) -> Html:
    return join(
        [
            tag(
                "p",
                tag("b", place(item.where, item.entry), class_="name"),
                entry_number(item.entry),
                " ",
                commit(item.sha, item.run_name),
                tag("span", time_tags.since(item.began, now), class_="elapsed"),
                class_="line",
            ),
            _asked_to_end(item.entry),
            progress(item.run, now, f"runs/{item.run_name}/") if item.run else None,
        ]
    )


def _asked_to_end(entry: Entry | None) -> Html | None:
    if entry is None or not entry.asked_to_end:
        return None
    return tag("p", f"is asked to end: {reason(entry.asked_to_end)}", class_="amber")


def waiting(shown: Overview) -> Html:
    """Return the section of the entries that wait."""
    rows = [_waiting_row(number, entry, shown) for number, entry in enumerate(shown.waiting, 1)]
    return section(
        "queue",
        "Queue",
        _why_none_starts(shown),
        tag("ol", *rows, class_="rows"),
        and_more(shown.health.waiting - MOST_WAITING),
        there=bool(rows),
    )


def _why_none_starts(shown: Overview) -> Html | None:
    """Say why nothing of the queue starts, unless a problem on top says so."""
    if shown.problems or not shown.running:
        return None
    return tag("p", "Waits for a run to end.", class_="soft why")


def _waiting_row(number: int, entry: Entry, shown: Overview) -> Html:
    remarks = [reason(entry.reason)] if entry.reason else []
    remarks += ["goes first"] if entry.first else []
    remarks += [f"repeat {name(entry.repeat)}"] if entry.repeat else []
    return tag(
        "li",
        tag("span", str(number), class_="turn soft"),
        tag(
            "span",
            tag("b", place(entry.where, entry), class_="name"),
            entry_number(entry),
            commit(entry.sha),
            tag("span", ", ".join(remarks), class_="amber") if remarks else None,
            class_="line",
        ),
        tag("span", time_tags.ago(entry.created, shown.now), class_="soft when"),
    )
