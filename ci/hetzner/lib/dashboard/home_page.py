"""The first page: branches, queue and runs. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import islice

from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.common.plain_text import duration, size
from lib.dashboard import moments
from lib.dashboard.overview import MOST_WAITING, Item, Overview
from lib.dashboard.progress import progress
from lib.dashboard.words import colour_of, commit, mark, name, reason, run_link, with_code
from lib.page.markup import Html, join, tag

SHOWN_BROKEN = 3  # jobs of a red run


def main(shown: Overview) -> Html:
    """Return the part of the page that changes; each section in it has an id."""
    return tag(
        "main",
        _header(shown),
        _problems(shown.problems),
        _running(shown),
        _waiting(shown),
        _branches(shown),
        _recent(shown),
        _first_steps(shown),
        data_version=shown.version,
        data_title=title(shown),
    )


def title(shown: Overview) -> str:
    """Return the title of the page."""
    return f"{_verdict(shown)[0]} · {shown.title}"


def colour(shown: Overview) -> str:
    """Return the colour of the page's icon."""
    return _verdict(shown)[1]


def _header(shown: Overview) -> Html:
    word, look = _verdict(shown)
    health = shown.health
    facts: list[tuple[str, str | Html]] = [
        ("Running", str(len(shown.running))),
        ("Waiting", str(max(health.waiting, len(shown.waiting)))),
    ]
    if health.last_success is not None:
        facts.append(("Last success", moments.ago(health.last_success, shown.now)))
    if health.free is not None:
        facts.append(("Disk free", size(health.free)))
    return tag(
        "header",
        tag("p", shown.title, class_="where soft"),
        tag("h1", word, class_=look or None),
        tag(
            "dl",
            *(tag("div", tag("dt", what), tag("dd", value)) for what, value in facts),
            class_="facts",
        ),
        id="header",
    )


def _verdict(shown: Overview) -> tuple[str, str]:
    """Return the sentence on top, about the main branch if there is one, and its colour."""
    if shown.branches:
        branch, item = shown.branches[0]
        if branch == shown.main:
            return _of_branch(branch, item.state)
        return _of_branches([(each, i.state) for each, i in shown.branches])
    if shown.recent:
        state = shown.recent[0].state
        return f"The last run {state}" if state in ("passed", "failed") else state, colour_of(state)
    return "The first run goes on" if shown.running else "Nothing has run yet", ""


def _of_branch(branch: str, state: str) -> tuple[str, str]:
    says = {State.PASSED.value: "passes", State.FAILED.value: "fails"}.get(state)
    sentence = f"{name(branch)} {says}" if says else f"{name(branch)}: {state}"
    return sentence, colour_of(state)


def _of_branches(states: Sequence[tuple[str, str]]) -> tuple[str, str]:
    """Return the sentence on all branches: green only if each of them has passed."""
    bad = [(branch, state) for branch, state in states if state != State.PASSED]
    if len(bad) == 1:
        return _of_branch(*bad[0])
    if not bad:
        return "All branches pass", "green"
    colours = {colour_of(state) for _, state in bad}
    says = "fail" if colours == {"red"} else "do not pass"
    return f"{len(bad)} branches {says}", "red" if "red" in colours else "amber"


def _problems(problems: Sequence[str]) -> Html:
    rows = [tag("li", with_code(reason(problem))) for problem in problems]
    return tag(
        "section",
        tag("h2", "Held up", class_="unseen", id="held-title"),
        tag("ul", *rows, class_="held"),
        id="held",
        hidden=not rows,
        aria_labelledby="held-title",
    )


def _running(shown: Overview) -> Html:
    cards = [tag("li", _card(item, shown.now), class_="card") for item in shown.running]
    return _section("running", "Running", tag("ul", *cards), there=bool(cards))


def _card(item: Item, now: float) -> Html:
    return join(
        [
            tag(
                "p",
                tag("b", name(item.where, "a commit"), class_="name"),
                _number(item.entry),
                " ",
                commit(item.sha, item.run_name),
                tag("span", moments.since(item.began, now), class_="elapsed"),
                class_="line",
            ),
            _asked_to_end(item.entry),
            progress(item.run, now, f"runs/{item.run_name}/") if item.run else None,
        ]
    )


def _number(entry: Entry | None) -> Html | None:
    """Return the number of an entry, by which the commands of the queue name it."""
    return tag("span", f" entry {entry.id}", class_="soft") if entry else None


def _asked_to_end(entry: Entry | None) -> Html | None:
    if entry is None or not entry.asked_to_end:
        return None
    return tag("p", f"is asked to end: {reason(entry.asked_to_end)}", class_="amber")


def _waiting(shown: Overview) -> Html:
    rows = [_waiting_row(number, entry, shown) for number, entry in enumerate(shown.waiting, 1)]
    more = shown.health.waiting - MOST_WAITING
    return _section(
        "queue",
        "Queue",
        _held_up(shown),
        tag("ol", *rows, class_="rows"),
        tag("p", f"and {more} more", class_="soft") if more > 0 else None,
        there=bool(rows),
    )


def _held_up(shown: Overview) -> Html | None:
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
            tag("b", name(entry.where, "a commit"), class_="name"),
            _number(entry),
            commit(entry.sha),
            tag("span", ", ".join(remarks), class_="amber") if remarks else None,
            class_="line",
        ),
        tag("span", moments.ago(entry.created, shown.now), class_="soft when"),
    )


def _branches(shown: Overview) -> Html:
    rows = [
        tag(
            "tr",
            tag("th", name(branch), scope="row", class_="name"),
            *_cells(item, shown.now),
        )
        for branch, item in shown.branches
    ]
    heads = ("Branch", "Last verdict", "Commit", "When", "Took")
    return _section("branches", "Branches", _table(heads, rows), there=bool(rows))


def _recent(shown: Overview) -> Html:
    rows = [
        tag(
            "tr",
            tag(
                "th",
                tag("span", name(item.where, "(no branch)"), class_="name"),
                _number(item.entry),
                scope="row",
            ),
            *_cells(item, shown.now),
        )
        for item in shown.recent
    ]
    heads = ("Where", "End", "Commit", "When", "Took")
    return _section("recent", "Recent runs", _table(heads, rows), there=bool(rows))


def _cells(item: Item, now: float) -> list[Html]:
    took = "" if item.seconds is None else duration(item.seconds)
    return [
        tag("td", run_link(mark(item.state), item.run_name), _why(item), class_="verdict"),
        tag("td", commit(item.sha, item.run_name), class_="sha"),
        tag("td", moments.ago(item.began, now), class_="when"),
        tag("td", took, class_="number took"),
    ]


def _why(item: Item) -> Html | None:
    """Return the reason of an end: the jobs that broke, or the words of the queue."""
    if item.run and item.run.broken and item.state != State.PASSED:
        broken = item.run.broken
        names = ", ".join(islice(broken, SHOWN_BROKEN))
        more = f" and {len(broken) - SHOWN_BROKEN} more" if len(broken) > SHOWN_BROKEN else ""
        return tag("span", reason(f"{names}{more}"), class_="reason soft")
    if item.entry and item.entry.reason:
        why = item.entry.reason.removeprefix(f"{item.state} ")  # which stands above it
        return tag("span", reason(why), _log(item), class_="reason soft")
    return None


def _log(item: Item) -> Html | None:
    """Return the command that shows what was printed, where no page of a run has it."""
    if item.entry is None or item.run or item.state != State.ERROR:
        return None
    return join([" (", tag("code", f"queue log {item.entry.id}"), ")"])


def _section(place_id: str, heading: str, *content: Html | None, there: bool) -> Html:
    head = f"{place_id}-title"
    return tag(
        "section",
        tag("h2", heading, id=head),
        *content,
        id=place_id,
        hidden=not there,
        aria_labelledby=head,
    )


def _table(heads: Sequence[str], rows: Sequence[Html]) -> Html:
    last = len(heads) - 1
    cells = (
        tag("th", head, scope="col", class_="number" if at == last else None)
        for at, head in enumerate(heads)
    )
    return tag("table", tag("thead", tag("tr", *cells)), tag("tbody", *rows), class_="runs")


def _first_steps(shown: Overview) -> Html:
    """Say how the first commit gets here, as long as there is none."""
    steps = (
        ("Queue a commit by hand", "python3 pipeline.py queue push SHA BRANCH"),
        ("Or push to the box", "git push ci HEAD"),
    )
    rows = (tag("li", tag("p", what), tag("pre", tag("code", how))) for what, how in steps)
    empty = not (shown.running or shown.waiting or shown.branches or shown.recent)
    return _section(
        "first-steps",
        "What to do next",
        tag("ol", *rows),
        tag(
            "p",
            "Or let GitHub tell of each push: add a webhook to the repository that sends push and "
            "pull_request events as JSON to /webhook of this host, with the secret of "
            "WEBHOOK_SECRET.",
            class_="soft",
        ),
        there=empty,
    )
