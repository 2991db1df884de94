"""The command `explain`: why a job ran when it did, and why its cache missed."""

from __future__ import annotations

import argparse

from lib.commands import answer, cache_reason, explain_text, recorded_run
from lib.commands.explain_text import Explained
from lib.commands.site import Site
from lib.common import redact
from lib.diagnosis import earlier_start
from lib.model.names import nearest
from lib.run_directories.run_store import LAST, RunStore

SUMMARY = "Tell why a job ran when it did, and why its cache missed."
RUN_HELP = "its name, the beginning of it, its commit, or 'last' (default)"


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("job", metavar="JOB")
    parser.add_argument("run", nargs="?", default=LAST, metavar="RUN", help=RUN_HELP)
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the answer. Raises LookupError, OSError."""
    store = RunStore(site.kept())
    run = store.find(given.run)
    record = recorded_run.record_of(run)
    job = record.job(given.job)
    if job is None:
        names = [each.name for each in record.jobs]
        hint = nearest(given.job, names)
        raise LookupError(f"expected a job of {run.name}, found {given.job!r}{hint}")
    told = Explained(
        record=record,
        job=job,
        gains=earlier_start.gains(record, job),
        cache=cache_reason.lines(run, store.runs(), job.name, job.cache),
    )
    if given.json:
        return answer.as_json(explain_text.fields(told))
    return answer.lines(map(redact.of_environment(), explain_text.lines(told)))
