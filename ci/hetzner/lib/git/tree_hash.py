"""The hash of a working tree as it is, uncommitted changes included, in the words of git."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from lib.common import tree_copy
from lib.git.git_command import all_but, git


def of_commit(repo: Path, sha: str) -> str:
    """Return the hash of the tree of a commit. Raises CheckoutError."""
    return git(repo, "rev-parse", "--verify", "--end-of-options", f"{sha}^{{tree}}")


def of_directory(tree: Path, scratch: Path, aside: Path | None = None) -> str:
    """Return what `git write-tree` would say with all changes and new files added.

    What git ignores is not in it, nor what is in `aside`. The index is copied, and objects are
    written to `scratch`, which is removed: the repository is the developer's.
    Raises CheckoutError, OSError.
    """
    tree_copy.remove(scratch)  # of a run that was killed
    (scratch / "objects").mkdir(parents=True)
    try:
        index = tree / git(tree, "rev-parse", "--git-path", "index")
        if index.exists():  # what it knows of unchanged files saves reading them
            shutil.copyfile(index, scratch / "index")
        objects = tree / git(tree, "rev-parse", "--git-path", "objects")
        variables = {
            "GIT_INDEX_FILE": str(scratch / "index"),
            "GIT_OBJECT_DIRECTORY": str(scratch / "objects"),
            "GIT_ALTERNATE_OBJECT_DIRECTORIES": os.fspath(objects.absolute()),
        }
        git(tree, "add", "--all", "--", *all_but(tree, aside), variables=variables)
        return git(tree, "write-tree", variables=variables)
    finally:
        tree_copy.remove(scratch)
