"""The hash of the tree in which a pipeline runs, if it is in a git checkout."""

from __future__ import annotations

import tempfile
from collections.abc import Iterable
from pathlib import Path

from lib.git import tree_hash
from lib.git.git_command import CheckoutError
from lib.model.job import Job


def hash_of(cwd: Path, store: Path, jobs: Iterable[Job]) -> str:
    """Return the hash of all files that git does not ignore, '' if it is not known.

    The store and what the jobs promise to make do not belong to the tree.
    """
    made = [path for job in jobs for path in job.outputs.values()]
    try:
        with tempfile.TemporaryDirectory(prefix="ci-tree-") as scratch:
            return tree_hash.of_directory(cwd, Path(scratch, "git"), store, made).hash
    except (CheckoutError, OSError):  # no checkout, or one that git cannot read
        return ""
