"""The first page: branches, queue and runs."""

from __future__ import annotations

from collections.abc import Sequence

from lib.common.plain_text import size
from lib.dashboard import headline, page_frame, queue_sections, time_tags, verdict_tables
from lib.dashboard.answers import Answer
from lib.dashboard.overview import Overview
from lib.dashboard.sections import section
from lib.dashboard.words import reason, with_code
from lib.page.markup import Html, tag


def answer(shown: Overview, *, part: bool) -> Answer:
    """Return the page, or only the `part` of it that changes. Raises OSError."""
    foot = f"ci-runner {shown.health.version}"
    colour = headline.of(shown).colour
    return page_frame.live(
        _title(shown), _main(shown), foot, events="api/events", colour=colour, part=part
    )


def _main(shown: Overview) -> Html:
    """Return the part of the page that changes; each section in it has an id."""
    return tag(
        "main",
        _header(shown),
        _problems(shown.problems),
        queue_sections.running(shown),
        queue_sections.waiting(shown),
        verdict_tables.branches(shown),
        verdict_tables.recent(shown),
        _first_steps(shown),
        data_version=shown.version,
        data_title=_title(shown),
    )


def _title(shown: Overview) -> str:
    return f"{headline.of(shown).sentence} · {shown.title}"


def _header(shown: Overview) -> Html:
    sentence, colour = headline.of(shown)
    health = shown.health
    facts: list[tuple[str, str | Html]] = [
        ("Running", str(len(shown.running))),
        ("Waiting", str(max(health.waiting, len(shown.waiting)))),
    ]
    if health.last_success is not None:
        facts.append(("Last success", time_tags.ago(health.last_success, shown.now)))
    if health.free is not None:
        facts.append(("Disk free", size(health.free)))
    return tag(
        "header",
        tag("p", shown.title, class_="where soft"),
        tag("h1", sentence, class_=colour or None),
        tag(
            "dl",
            *(tag("div", tag("dt", what), tag("dd", value)) for what, value in facts),
            class_="facts",
        ),
        id="header",
    )


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


def _first_steps(shown: Overview) -> Html:
    """Say how the first commit gets here, as long as there is none."""
    steps = (
        ("Queue a commit by hand", "python3 pipeline.py queue push SHA BRANCH"),
        ("Or push to the box", "git push ci HEAD"),
    )
    rows = (tag("li", tag("p", what), tag("pre", tag("code", how))) for what, how in steps)
    empty = not (shown.running or shown.waiting or shown.branches or shown.recent)
    return section(
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
