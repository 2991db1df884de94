"""The command `compare`: several runs side by side, for people and for programs."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from typing import NamedTuple

from lib.commands import answer, compare_text, environment_changes, page_file, recorded_run
from lib.commands.compare_text import Compared
from lib.commands.site import Site
from lib.common import redact
from lib.diagnosis import comparison
from lib.report.environment_differences import differences
from lib.run_directories.run_store import LAST, RunStore
from lib.run_directories.stored_run import StoredRun

SUMMARY = "Tell what got slower, faster or flaky between runs, and what differs around them."


class LabelledRun(NamedTuple):
    """A run, and its name for people."""

    run: StoredRun
    label: str


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "runs",
        nargs="*",
        metavar="RUN[:LABEL]",
        help="runs, as for `show`: the newest is compared with the oldest; one alone is compared "
        "with the run of its branch before it",
    )
    form = parser.add_mutually_exclusive_group()
    form.add_argument("--json", action="store_true", help="for programs")
    form.add_argument("--html", default="", metavar="FILE", help="write a page for browsers")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print the answer. Raises LookupError, ValueError, OSError."""
    runs = _chosen(RunStore(site.kept()), given.runs or [LAST])
    first, last = runs[0].run, runs[-1].run
    environments = [environment_changes.environment(run) for run in (first, last)]
    told = Compared(
        labels=[each.label for each in runs],
        comparison=comparison.compare([recorded_run.record_of(each.run) for each in runs]),
        changes=differences(*environments) if all(environments) else None,
    )
    if given.html:
        from lib.page import comparison_page  # late: most answers are text

        return page_file.write(given.html, comparison_page.view(*told))
    if given.json:
        return answer.as_json(compare_text.fields(told))
    return answer.lines(map(redact.of_environment(), compare_text.lines(told)))


def _chosen(store: RunStore, words: Sequence[str]) -> list[LabelledRun]:
    """Return the runs that are named, the oldest first. Raises LookupError, ValueError, OSError."""
    found: dict[str, LabelledRun] = {}
    for word in words:
        name, _, label = word.partition(":")
        run = store.find(name)
        if run.name in found:
            named = " ".join(words)
            problem = f"expected each run once, found {run.name} twice in {named!r}"
            raise ValueError(f"{problem}: name another run")
        found[run.name] = LabelledRun(run, label or run.name)
    if len(found) == 1:
        (newest,) = found.values()
        before = _before(store, newest.run)
        found[before.name] = LabelledRun(before, before.name)
    return sorted(found.values(), key=lambda each: each.run.key)


def _before(store: RunStore, run: StoredRun) -> StoredRun:
    """Return the run of the same branch before another one. Raises LookupError, OSError."""
    for each in store.runs():
        if each.key < run.key and each.branch == run.branch:
            return each
    raise LookupError(f"expected two runs, found no run of its branch before {run.name}: name two")
