"""The other files of a run, and its notes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from lib.common.plain_text import changes, counted
from lib.page.markup import Html, file_link, tag
from lib.sampling.samples import Samples
from lib.timeline.run_record import RunRecord

FILES = (
    ("ci.log", "the run, line by line"),
    ("summary.json", "its results for programs"),
    ("events.jsonl", "its events, from which this page was made"),
    ("trace.json", "a trace for Perfetto and chrome://tracing"),
    ("junit.xml", "its jobs and tests for CI servers"),
    ("summary.md", "its results in Markdown"),
    ("timeline.svg", "its timeline as a picture"),
)
MOST_NOTES = 100


def section(record: RunRecord, environment: Mapping[str, object], samples: Samples | None) -> Html:
    """Return links to the files beside the page, the notes of the run, and what is not known."""
    notes = [tag("li", damage, class_="amber") for damage in _damage(record, samples)]
    notes += [tag("li", note) for note in islice(record.notes, MOST_NOTES)]
    runner = environment.get("runner")
    return tag(
        "section",
        tag("h2", "Files and notes", id="files-title"),
        tag(
            "ul",
            *(
                tag(
                    "li",
                    tag("a", name, href=file_link(name)),
                    tag("span", f" {what}", class_="soft"),
                )
                for name, what in FILES
            ),
            class_="files",
        ),
        tag("ul", *notes, class_="notes", aria_label="Notes") if notes else None,
        _left(record.left),
        tag("p", f"Run {record.run}" + (f", runner {runner}" if runner else ""), class_="soft end"),
        id="files",
        aria_labelledby="files-title",
    )


def _damage(record: RunRecord, samples: Samples | None) -> list[str]:
    """Return a line for each file of which lines are left out since they cannot be read."""
    lost = {"events.jsonl": record.skipped, "samples.jsonl": samples.skipped if samples else 0}
    return [
        f"{counted(count, 'damaged line')} of {name} left out"
        for name, count in lost.items()
        if count
    ]


def _left(amounts: Mapping[str, int]) -> Html | None:
    if not amounts:
        return None
    return tag("p", f"On the machine, compared with before the jobs: {changes(amounts)}")
