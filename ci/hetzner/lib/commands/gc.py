"""The command `gc`: removes old runs now, and what else is no longer used."""

from __future__ import annotations

import argparse
import contextlib
from collections.abc import Iterator

from lib.commands import answer
from lib.commands.site import Site
from lib.common import locks, waste
from lib.common.plain_text import size, table
from lib.common.waste import Waste
from lib.run_directories import cleaning, stale_runs

SUMMARY = "Remove old runs, and what else is no longer used."
ANY_TIME = float("inf")  # seconds that it may take
NOT_OURS = (
    "expected a store that this user may change, found {} of another user: call it as the user of "
    "the runs (on a box: `systemctl start ci-retention`)"
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("--dry-run", action="store_true", help="tell what would go, remove nothing")
    parser.add_argument("--json", action="store_true", help="for programs")


def main(given: argparse.Namespace, site: Site) -> int:
    """Print each thing, its size and the reason, and the sum.

    Return 1 if something could not be removed, or another process cleans up. Raises ValueError,
    OSError.
    """
    store = site.kept()
    found = cleaning.find(store, site.limits, site.more_waste)
    notes: list[str] = []
    if given.dry_run:
        things = list(found)
    else:
        with contextlib.ExitStack() as stack:
            try:
                stack.enter_context(cleaning.alone(store))
            except locks.LockTimeoutError as error:
                raise OSError(f"{error}: run it again later") from error
            except PermissionError as error:
                raise OSError(NOT_OURS.format(error.filename)) from error
            stale_runs.take_over_old(store)
            things, notes = waste.remove(found, ANY_TIME)
    if given.json:
        fields = [{"path": str(t.path), "bytes": t.size, "why": t.why} for t in things]
        told = {"removed": not given.dry_run, "things": fields, "notes": notes}
        return answer.as_json(told) or bool(notes)
    return answer.lines(_lines(things, notes, dry=given.dry_run)) or bool(notes)


def _lines(things: list[Waste], notes: list[str], *, dry: bool) -> Iterator[str]:
    if things:
        yield from table([(size(t.size), str(t.path), t.why) for t in things], right=[0])
    yield from (f"NOTE  {note}" for note in notes)
    total = size(sum(thing.size for thing in things))
    count = f"{len(things)} thing{'' if len(things) == 1 else 's'}"
    yield f"{count} would be removed, {total}" if dry else f"{count} removed, {total} freed"
