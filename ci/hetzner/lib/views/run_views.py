"""Writes the views of a run beside its logs: each is a function of `RunInputs`, made from files.

A view that breaks is a line for the log, and changes nothing. Its module is imported only when the
view is made: a run that ends early pays for none.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.common import files
from lib.common.plain_text import complaint
from lib.report import run_inputs
from lib.report.run_inputs import RunInputs


def _report(inputs: RunInputs) -> str:
    from lib.page import report_page

    return report_page.view(inputs)


def _timeline(inputs: RunInputs) -> str:
    from lib.page import timeline_svg

    return timeline_svg.view(inputs)


def _trace(inputs: RunInputs) -> str:
    from lib.views import trace

    return trace.view(inputs)


def _junit(inputs: RunInputs) -> str:
    from lib.views import run_junit

    return run_junit.view(inputs)


def _summary(inputs: RunInputs) -> str:
    from lib.views import summary_markdown

    return summary_markdown.view(inputs)


PAGE = "report.html"
# by the name of the file: the function that returns its content, and may raise anything
VIEWS: Mapping[str, Callable[[RunInputs], str]] = {
    PAGE: _report,
    "timeline.svg": _timeline,
    "trace.json": _trace,
    "junit.xml": _junit,
    "summary.md": _summary,
}


class Written(NamedTuple):
    """The result of writing: a line for each view that is missing; `PAGE`, or '' without it."""

    notes: Sequence[str]
    page: str = ""


def write(run: Path, redact: Callable[[str], str] = str) -> Written:
    """Write all views of a run from its directory."""
    try:
        inputs = run_inputs.load(run, redact)
    except Exception as error:  # noqa: BLE001 - the verdict is told, and stays
        return Written([f"no view of this run can be made: {complaint(error)}"])
    notes, page = [], ""
    for name, view in VIEWS.items():
        try:
            files.atomic_write(run / name, view(inputs), durable=False, sweeps=False)
        except Exception as error:  # noqa: BLE001 - so do the other views
            reason = error.strerror if isinstance(error, OSError) else None
            notes.append(f"{name} is not written: {reason or complaint(error)}")
            continue
        page = PAGE if name == PAGE else page
    return Written(notes, page)
