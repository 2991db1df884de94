"""`corpus overlay`: makes an overlay, or tells of those that are stale."""

from __future__ import annotations

import argparse
from pathlib import Path

from lib.commands import answer
from lib.commands.program import complain
from lib.common.plain_text import counted
from lib.corpus import corpus_file, overlay
from lib.corpus.site import CorpusSite

SUMMARY = "Make a commit of old code with paths of another commit, such as today's tests."


def arguments(parser: argparse.ArgumentParser) -> None:
    """Add the arguments of the command."""
    parser.add_argument("old", nargs="?", default="", metavar="OLD", help="the commit of the code")
    parser.add_argument(
        "--paths-of",
        nargs="+",
        default=[],
        metavar=("NEW", "PATH"),
        help="a commit, and files or directories of its tree that are laid over that of OLD",
    )
    parser.add_argument(
        "--corpus", default="", metavar="FILE", help="take the paths that this file of a corpus has"
    )
    parser.add_argument(
        "--stale",
        action="append",
        default=[],
        metavar="BRANCH",
        help="in place of making one: tell those whose NEW is not the tip of this branch",
    )
    parser.add_argument("--prune", action="store_true", help="with --stale: remove them")


def main(given: argparse.Namespace, site: CorpusSite) -> int:
    """Print the SHA, or the stale ones. Raises ValueError, CheckoutError and OSError."""
    if given.stale:
        if given.old or given.paths_of:
            raise ValueError("--stale tells of overlays that are there: leave out OLD and NEW")
        return _stale(given, site.repo(()))
    if not given.old or not given.paths_of:
        raise ValueError("expected OLD --paths-of NEW [PATH…], or --stale BRANCH")
    if given.prune:
        raise ValueError("--prune goes with --stale")
    new, *paths = given.paths_of
    if given.corpus and not paths:
        paths = [*corpus_file.read(given.corpus).paths]
    made = overlay.make(site.repo(()), given.old, new, paths)
    complain(f"kept as {made.ref}")  # apart: stdout has the SHA alone
    return answer.lines([made.sha])


def _stale(given: argparse.Namespace, repo: Path) -> int:
    found = overlay.stale(repo, given.stale)
    lines = []
    for each in found:
        if given.prune:
            overlay.remove(repo, each.overlay)
        made = each.overlay
        done = "removed" if given.prune else each.remove
        lines.append(f"{made.sha} of {made.old} with paths of {made.new}: {done}")
    kept = counted(len(overlay.kept(repo)), "overlay")
    return answer.lines(lines or [f"none is stale of the {kept} that this repository keeps"])
