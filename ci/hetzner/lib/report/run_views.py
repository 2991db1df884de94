"""Writes the views of a run beside its logs: each is a function of `RunInputs`, made from files.

A view that breaks is a line for the log, and changes nothing.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Protocol, cast

from lib.common import files
from lib.common.plain_text import complaint
from lib.report import run_inputs
from lib.report.run_inputs import RunInputs

# by the file: the module that makes it, which is imported only then
VIEWS: Mapping[str, str] = {
    "report.html": "lib.page.report_page",
    "timeline.svg": "lib.page.timeline_svg",
    "trace.json": "lib.sampling.trace",
    "junit.xml": "lib.test_results.run_junit",
    "summary.md": "lib.report.summary_markdown",
}


class View(Protocol):
    """The form of a module that makes a view."""

    def view(self, inputs: RunInputs) -> str:
        """Return the content of the file. It may raise anything."""


def write(run: Path, redact: Callable[[str], str] = str, log_url: str = "") -> list[str]:
    """Write all views of a run from its directory; return a line for each that is missing."""
    try:
        inputs = run_inputs.load(run, redact, log_url)
    except Exception as error:  # noqa: BLE001 - the verdict is told, and stays
        return [f"no view of this run can be made: {complaint(error)}"]
    notes = []
    for name, module in VIEWS.items():
        try:
            text = cast(View, importlib.import_module(module)).view(inputs)
            files.atomic_write(run / name, text, durable=False, sweeps=False)
        except Exception as error:  # noqa: BLE001 - so do the other views
            notes.append(f"{name} is not written: {complaint(error)}")
    return notes
