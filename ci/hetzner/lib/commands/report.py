"""The command `report`: writes the views of an earlier run again, from its directory alone."""

from __future__ import annotations

import argparse

from lib.commands import recorded_run, show
from lib.commands.program import complain
from lib.commands.site import Site
from lib.common import console, redact
from lib.common.plain_text import one_line
from lib.run_directories.run_store import LAST, RunStore
from lib.views import run_views

SUMMARY = "Write the report of a run again, and print its path."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("run", nargs="?", default=LAST, metavar="RUN", help=show.RUN_HELP)


def main(given: argparse.Namespace, site: Site) -> int:
    """Write the views; a view other than the page that is missing is told on stderr.

    Raises LookupError, ValueError, and OSError if there is no page.
    """
    run = RunStore(site.kept()).find(given.run)
    recorded_run.require_events(run)
    written = run_views.write(run.path, redact.of_environment())
    if not written.page:
        raise OSError("; ".join(written.notes))
    for note in written.notes:
        complain(one_line(note))
    return console.put(str(run.path / written.page))
