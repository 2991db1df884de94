"""Tells whether a file of a checkout was written to, even if it has its old content again."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Iterable
from pathlib import Path

from lib.git.git_command import git

MARGIN = 0.02  # seconds: a kernel stamps files with a clock that may lag behind


def since(tree: Path, started: float, aside: Path, made: Iterable[str]) -> bool:
    """Whether a file that git does not ignore has changed since a time (seconds since the epoch).

    Files in `aside`, and what jobs have `made` (paths from `tree` on), do not count; neither does a
    file in a submodule. Raises CheckoutError, OSError.
    """
    top = Path(git(tree, "rev-parse", "--show-toplevel"))
    listed = git(top, "ls-files", "--cached", "--others", "--exclude-standard", "-z").split("\0")
    left_out = [str(aside.resolve()), *(os.path.normpath(tree.resolve() / path) for path in made)]
    below = tuple(f"{path}{os.sep}" for path in left_out)
    for name in filter(None, listed):
        path = str(top / name)
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            late = os.lstat(path).st_ctime > started - MARGIN
            if late and path not in left_out and not path.startswith(below):
                return True
    return False
