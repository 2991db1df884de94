"""The command `export`: a run in one file, which `show FILE` shows on any machine."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

from lib.commands import answer, archive
from lib.commands.site import Site
from lib.common import files, interrupts
from lib.common.plain_text import counted, size
from lib.run_directories import run_contents
from lib.run_directories.run_contents import StoredFile
from lib.run_directories.run_store import LAST, RunStore

SUMMARY = "Write a run into one file, which `show FILE` shows on any machine."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument(
        "run", nargs="?", default=LAST, metavar="RUN", help="its name, its commit, or 'last'"
    )
    parser.add_argument(
        "-o", "--output", default="", metavar="FILE", help="(default: RUN.tar.gz in this directory)"
    )


def main(given: argparse.Namespace, site: Site) -> int:
    """Write the file, and tell its size. Raises LookupError, ValueError, OSError."""
    run = RunStore(site.kept()).find(given.run)
    target = Path(given.output or f"{run.name}{archive.SUFFIX}")
    if kind := files.another_kind(target):
        raise ValueError(f"-o: expected a file or a new name, found {kind} at {target}")
    live = run.live
    chosen, others = archive.choose(run_contents.all_files(run.path))
    if not chosen:
        raise LookupError(f"expected the files of a run, found none that can be read in {run.path}")
    try:
        with interrupts.cut_short(), files.replacing(target) as out:
            unread = archive.write(run.path, chosen, out, live=live)
    except OSError as error:
        text = f"-o: expected a place that can be written to, found {target}: {error.strerror}"
        raise OSError(text) from error
    return answer.lines(_said(target, chosen, others, unread, live=live))


def _said(
    target: Path,
    chosen: Sequence[StoredFile],
    others: Sequence[StoredFile],
    unread: Sequence[str],
    *,
    live: bool,
) -> Iterator[str]:
    total = sum(file.size for file in chosen)
    count = len(chosen) - len(unread)
    yield f"{target}: {size(target.stat().st_size)}, {counted(count, 'file')} of {size(total)}"
    if live:
        yield "the run goes on: this is its state as of now"
    for path in unread:
        yield f"left out, since it cannot be read: {path}"
    for file in others:
        yield f"left out, since only {size(archive.MOST_BYTES)} fit: {file.path}"
