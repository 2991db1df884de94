"""Writes what a run ran on, and its views: after the verdict, which does not wait for them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from lib.buckaroo.settings import Settings
from lib.common.plain_text import complaint
from lib.report.run_log import RunLog


def write(
    log: RunLog,
    config: Settings,
    tree: Path,
    tools: Mapping[str, Mapping[str, str | None]],
    mask: Callable[[str], str],
) -> None:
    """Write environment.json of the run in `tree`, then its views, and show its page.

    A fault is a line of the log.
    """
    from lib.commit import commit_environment  # late, as the other: it is the last step
    from lib.views import run_views, step_summary

    run = log.path.parent
    try:
        commit_environment.write(run, config, tree, tools, mask)
    except Exception as error:  # noqa: BLE001 - a record that cannot be written is a note
        log.line(f"NOTE  could not write what this run ran on: {complaint(error)}")
    written = run_views.write(run, mask)
    for note in [*written.notes, *step_summary.add(run)]:
        log.line(f"NOTE  {note}")
    if written.page:
        log.show_page(written.page)
