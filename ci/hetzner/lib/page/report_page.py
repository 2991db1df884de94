"""Makes report.html: one run on one page, for a look and for a search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from lib.page import (
    environment,
    failures,
    flaky,
    graph_section,
    job_table,
    outcomes,
    path_list,
    run_files,
    timeline_section,
    verdict_header,
)
from lib.page.document import page
from lib.page.markup import Html, tag
from lib.report import failure_lines
from lib.report.run_inputs import RunInputs
from lib.test_results.test_case import FAILED, FLAKY, TestCase
from lib.timeline.critical_path import critical_path

MOST_LINES = 4  # of a log, in the head of the page
STYLES = ("page", "report", "timeline")


def view(inputs: RunInputs) -> str:
    """Return the page of a run. Raises OSError if its stylesheets cannot be read."""
    record = inputs.record
    path = critical_path(record)
    on_path = {link.job for link in path.links if link.job}
    told = outcomes.told_of(record)
    tests = named(inputs.tests, FAILED)
    samples = inputs.samples
    sections = {
        "Timeline": timeline_section.section(record, path, samples),
        "Failures": failures.section(told, tests, inputs.coloured),
        "Flaky": flaky.section(record, named(inputs.tests, FLAKY)),
        "Critical path": path_list.section(record, path),
        "Jobs": job_table.section(record, on_path, samples.jobs if samples else {}),
        "Graph": graph_section.section(record, on_path),
        "Environment": environment.section(inputs.environment),
        "Files": run_files.section(record, inputs.environment, samples),
    }
    shown = {name: section for name, section in sections.items() if section is not None}
    word, _ = outcomes.verdict(record)
    branch = str(record.header.get("branch") or "")
    return page(
        " · ".join(filter(None, (word, branch, str(record.header.get("sha") or record.run)))),
        tag("a", "Skip to the timeline", href="#timeline", class_="skip"),
        verdict_header.header(record, path, told, _names(inputs, tests)),
        _contents(shown),
        tag("main", *shown.values()),
        styles=STYLES,
    )


def _names(inputs: RunInputs, tests: Mapping[str, Sequence[str]]) -> dict[str, Sequence[str]]:
    """Return for each job its failing tests; without any, lines of its log that name a failure."""
    found: dict[str, Sequence[str]] = {}
    for job, lines in inputs.excerpts.items():
        shown = [line for line in lines if line.strip()]
        found[job] = [shown[number] for number in failure_lines.pick(shown, MOST_LINES)]
    return {**found, **tests}


def _contents(sections: Iterable[str]) -> Html:
    """Return links to the sections; the id of each is the last word of its name."""
    links = [tag("a", name, href=f"#{name.lower().split()[-1]}") for name in sections]
    return tag("nav", tag("ul", *(tag("li", link) for link in links)), aria_label="Contents")


def named(tests: Mapping[str, Sequence[TestCase]], outcome: str) -> dict[str, list[str]]:
    """Return the names of the tests of each job that ended so."""
    found = {
        job: [case.name for case in cases if case.outcome == outcome]
        for job, cases in tests.items()
    }
    return {job: names for job, names in found.items() if names}
