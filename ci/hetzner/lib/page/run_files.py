"""The other files of a run, and its notes. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import islice

from lib.page.markup import Html, file_link, tag
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


def section(record: RunRecord, environment: Mapping[str, object]) -> Html:
    """Return links to the files beside the page, and the notes of the run."""
    notes = [tag("li", note) for note in islice(record.notes, MOST_NOTES)]
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
        tag("p", f"Run {record.run}" + (f", runner {runner}" if runner else ""), class_="soft end"),
        id="files",
        aria_labelledby="files-title",
    )
