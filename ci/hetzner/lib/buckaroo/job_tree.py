"""Gives a job a tree of its own to write into: a copy of the prepared tree.

Jobs run side by side on one tree. A file that one of them builds, removes or rewrites there is read
by another half-written, or too early. So a job that writes works in a copy, which this module
makes, and promises the files that others need of it as outputs.

The copy holds the files that git knows, uncommitted changes and new files included, the
placeholders and, on request, `node_modules`. Those are hard links to the same files, as pnpm's own
are to its store, in directories of the copy's own; they are kept for the next run while the
installation is the same. The copy is a repository that borrows the objects of the first: git works
in it, and a commit there changes the copy only.

As a program: `job_tree.py [--modules] [--apart DIRECTORY] MAIN TREE`.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__":
    # Python puts a program's own directory on the path, and with -P none
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.buckaroo.node_modules import NODE_MODULES, STAMP
from lib.buckaroo.placeholders import make_placeholders
from lib.common import files, tree_copy
from lib.git.git_command import CheckoutError, git


def make(main: Path, tree: Path, *, modules: bool, apart: Path | None = None) -> None:
    """Make `tree` a copy of `main` as it is now. Raises CheckoutError, OSError.

    Files below `apart` are left out: a state directory may be in a developer's checkout.
    """
    fresh = tree.with_name(f"{tree.name}.new")
    tree_copy.remove(fresh)
    fresh.parent.mkdir(parents=True, exist_ok=True)
    _clone(main, fresh)
    inside = apart if apart and apart.is_relative_to(main) else None
    for name in _known_files(main):
        if inside and (main / name).is_relative_to(inside):
            continue
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        with contextlib.suppress(FileNotFoundError):  # removed: a change like others
            tree_copy.copy(main / name, fresh / name)
    git(fresh, "reset", "--quiet")  # the index, so that git sees the same changes in the copy
    make_placeholders(fresh)
    if modules:
        _bring_modules(main, tree, fresh)
    tree_copy.remove(tree)
    fresh.rename(tree)


def _clone(main: Path, fresh: Path) -> None:
    alone = ("--shared", "--no-checkout", "--template=")
    git(main, "clone", "--quiet", *alone, "--", str(main), str(fresh))
    git(fresh, "update-ref", "--no-deref", "HEAD", git(main, "rev-parse", "HEAD"))


def _known_files(main: Path) -> list[str]:
    """Return the files that are tracked, or new and not ignored; none of a nested repository."""
    kinds = (
        "--cached",
        "--others",
        "--exclude-standard",
        "--exclude=node_modules",
        "--deduplicate",
    )
    listed = git(main, "ls-files", "-z", *kinds)
    return [name for name in listed.split("\0") if name and not name.endswith("/")]


def _bring_modules(main: Path, tree: Path, fresh: Path) -> None:
    """Put the node_modules of `main` into `fresh`: those of the last copy if they are the same."""
    kept = _installed(main) and _installed(main) == _installed(tree)
    for name in NODE_MODULES:
        if not (main / name).is_dir():
            continue
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        if kept and (tree / name).is_dir():
            (tree / name).rename(fresh / name)
        else:
            _link_tree(str(main / name), str(fresh / name))


def _installed(tree: Path) -> bytes:
    try:
        return files.read(tree / NODE_MODULES[0] / STAMP)
    except OSError:
        return b""


def _link_tree(source: str, target: str) -> None:
    Path(target).mkdir()
    with os.scandir(source) as entries:
        for entry in entries:
            path = f"{target}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                _link_tree(entry.path, path)
            elif entry.name == STAMP:  # a copy: it stays when the first one changes
                tree_copy.copy(Path(entry.path), Path(path))
            else:
                _link(entry.path, path)


def _link(source: str, target: str) -> None:
    """Link a file or a symlink; copy it where a link is impossible, across file systems say."""
    try:
        os.link(source, target, follow_symlinks=False)
    except OSError:
        tree_copy.copy(Path(source), Path(target))


def main(arguments: Sequence[str]) -> int:
    """Make a tree; see the module. Return 0, or 1 after printing the error."""
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--modules", action="store_true")
    parser.add_argument("--apart", type=Path)
    parser.add_argument("main", type=Path)
    parser.add_argument("tree", type=Path)
    given = parser.parse_args(arguments)
    try:
        apart = given.apart and given.apart.resolve()
        make(given.main.resolve(), given.tree.absolute(), modules=given.modules, apart=apart)
    except (CheckoutError, OSError) as error:
        print(f"no tree of its own for this job: {error}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
