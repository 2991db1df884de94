"""The hash of the tree in which a pipeline runs, if it is in a git checkout."""

from __future__ import annotations

import contextlib
import tempfile
import time
from collections.abc import Iterable
from pathlib import Path

from lib.common import tree_copy
from lib.git import touched, tree_hash
from lib.git.git_command import CheckoutError
from lib.model.job import Job

PREFIX = "tree-"
ABANDONED = 3600.0  # seconds: no run hashes a tree for so long


def look(
    cwd: Path, store: Path, jobs: Iterable[Job], since: float | None
) -> tuple[str, bool | None]:
    """Return the hash of all files that git does not ignore, and whether HEAD has others.

    '' and None if that is not known, or if a file was written to `since` a time (seconds since the
    epoch), even if it has its old content again. The store and what the jobs
    promise to make do not belong to the tree.
    """
    made = [path for job in jobs for path in job.outputs.values()]
    try:
        if since is not None and touched.since(cwd, since, store, made):
            return "", None
        work = store.absolute() / "work"
        work.mkdir(parents=True, exist_ok=True)
        _sweep(work)
        with tempfile.TemporaryDirectory(prefix=PREFIX, dir=work) as scratch:
            found = tree_hash.of_directory(cwd, Path(scratch, "git"), store, made)
        return found.hash, not _is_head(found, cwd)
    except (CheckoutError, OSError):  # no checkout, or one that git cannot read
        return "", None


def _is_head(tree: tree_hash.WorkingTree, cwd: Path) -> bool:
    try:
        return tree.is_of(cwd, "HEAD")
    except CheckoutError:  # there is no commit yet
        return False


def _sweep(work: Path) -> None:
    """Remove what killed runs have left."""
    for each in work.glob(f"{PREFIX}*"):
        with contextlib.suppress(OSError):
            if each.lstat().st_mtime < time.time() - ABANDONED:
                tree_copy.remove(each)
