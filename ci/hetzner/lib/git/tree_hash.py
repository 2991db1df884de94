"""Hashes a working tree as git does, uncommitted changes included."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterable
from pathlib import Path

from lib.common import tree_copy
from lib.git.git_command import all_but, git


def of_commit(repo: Path, sha: str) -> str:
    """Return the hash of the tree of a commit. Raises CheckoutError."""
    return git(repo, "rev-parse", "--verify", "--end-of-options", f"{sha}^{{tree}}")


def of_directory(
    tree: Path, scratch: Path, aside: Path | None = None, made: Iterable[str] = ()
) -> str:
    """Return the hash of `git write-tree` with all changes and new files added.

    Ignored files, those in `aside`, and what jobs have `made` (paths from `tree` on) are left out.
    The developer's repository stays as it is: the index is copied, and objects are written to
    `scratch`, which is removed. Raises CheckoutError, OSError.
    """
    tree_copy.remove(scratch)  # of a run that was killed
    (scratch / "objects").mkdir(parents=True)
    try:
        index = tree / git(tree, "rev-parse", "--git-path", "index")
        if index.exists():
            # git reads no file that the index knows to be unchanged, but those as new as the index:
            # they may have changed after it was written, so the copy has its time
            shutil.copy2(index, scratch / "index")
        objects = tree / git(tree, "rev-parse", "--git-path", "objects")
        variables = {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.fspath(objects.absolute()),
        }
        git(tree, "add", "--all", "--", *all_but(tree, aside), variables=variables)
        if paths := [f":(literal){path}" for path in _below(tree, made)]:
            unmatched = ("--force", "--quiet", "--ignore-unmatch", "--")
            git(tree, "rm", "-r", "--cached", *unmatched, *paths, variables=variables)
        return git(tree, "write-tree", variables=variables)
    finally:
        tree_copy.remove(scratch)


def _below(tree: Path, paths: Iterable[str]) -> list[str]:
    """Return those of the paths that lie below a directory, relative to it, each once."""
    found = {Path(os.path.normpath(tree / path)): None for path in paths}
    return [str(path.relative_to(tree)) for path in found if tree in path.parents]
