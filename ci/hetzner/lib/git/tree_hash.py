"""Hashes a working tree as its jobs read it, uncommitted changes included.

Mostly the hash is that of `git write-tree`. Where jobs read other bytes than git would commit (line
ends, filters such as git-lfs(1), a changed submodule), these count, too.
"""

from __future__ import annotations

import contextlib
import os
import shutil
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import NamedTuple

from lib.common import tree_copy
from lib.git import raw_files
from lib.git.git_command import CheckoutError, all_but, git

MOST = 500 * 1000 * 1000  # bytes of new or changed files, which git compresses
SUBMODULE = "160000"  # the mode of its entry
# a mode or a time that git is told not to trust is one that jobs see
TRUSTING = (
    "-c",
    "core.fileMode=true",
    "-c",
    "core.trustctime=true",
    "-c",
    "core.checkStat=default",
)


class WorkingTree(NamedTuple):
    """`hash` is that of all that jobs read, `written` that of the tree that git would commit.

    They differ where `raw` files do, or those in submodules; the latter makes it `changed`.
    """

    hash: str
    written: str
    changed: bool

    def is_of(self, repo: Path, revision: str) -> bool:
        """Whether it is the tree of a commit, as git sees it. Raises CheckoutError."""
        return not self.changed and self.written == of_commit(repo, revision)


def of_commit(repo: Path, sha: str) -> str:
    """Return the hash of the tree of a commit. Raises CheckoutError."""
    return git(repo, "rev-parse", "--verify", "--end-of-options", f"{sha}^{{tree}}")


def of_directory(
    tree: Path, scratch: Path, aside: Path | None = None, made: Iterable[str] = ()
) -> WorkingTree:
    """Return the hashes of the whole checkout around a directory, with all changes and new files.

    Ignored files, those in `aside`, and new ones that jobs have `made` (paths from `tree` on) are
    left out; a file that git tracks counts even if a job makes it anew.
    The developer's repository stays as it is: the index is copied, and objects are written to
    `scratch`, which is removed. Raises CheckoutError, OSError.
    """
    tree_copy.remove(scratch)  # of a run that was killed
    (scratch / "objects").mkdir(parents=True)
    try:
        _refuse_ignored(tree)
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
        _show_all(tree, variables)
        made = [os.path.normpath(tree / path) for path in made]
        tracked = _entries(tree, made, variables)
        whole = all_but(tree, aside)
        _refuse_too_much(tree, whole, variables)
        git(tree, *TRUSTING, "add", "--all", "--", *whole, variables=variables)
        if new := sorted(_entries(tree, made, variables) - tracked):
            paths = "".join(f"{path}\0" for path in new)
            remove = ("update-index", "--force-remove", "-z", "--stdin")
            git(tree, *remove, variables=variables, given=paths)
        written = git(tree, "write-tree", variables=variables)
        return _with_unwritten(tree, written, variables, aside, made)
    finally:
        tree_copy.remove(scratch)


def _refuse_ignored(tree: Path) -> None:
    """Raise CheckoutError for a directory none of whose files git sees."""
    if below := git(tree, "rev-parse", "--show-prefix"):
        told = git(tree, "status", "--porcelain", "--ignored", "-z", "--", ".").split("\0")
        ignored = [entry[3:] for entry in told if entry.startswith("!! ") and entry.endswith("/")]
        if any(below.startswith(path) for path in ignored):
            raise CheckoutError(f"{tree}: expected files of a checkout, but git ignores it")


def _refuse_too_much(tree: Path, whole: Iterable[str], variables: Mapping[str, str]) -> None:
    """Raise CheckoutError if git would have to read and compress more than MOST bytes."""
    asked = ("ls-files", "--modified", "--others", "--exclude-standard", "-z", "--", *whole)
    total = 0
    for path in filter(None, set(git(tree, *asked, variables=variables).split("\0"))):
        with contextlib.suppress(FileNotFoundError, NotADirectoryError):
            total += (tree / path).lstat().st_size
    if total > MOST:
        raise CheckoutError(
            f"{tree}: expected at most {MOST} bytes of new or changed files, found {total}: let "
            "git ignore files that are no sources"
        )


def _entries(tree: Path, made: Iterable[str], variables: Mapping[str, str]) -> set[str]:
    """Return the files in the index that are among those that jobs have made."""
    paths = [f":(literal){path}" for path in _below(tree, made)]
    listed = git(tree, "ls-files", "-z", "--", *paths, variables=variables) if paths else ""
    return set(filter(None, listed.split("\0")))


def _show_all(tree: Path, variables: Mapping[str, str]) -> None:
    """Let git look at the files that its user told it to pass over (git-update-index(1))."""
    tagged = git(tree, "ls-files", "-v", "-z", ":/", variables=variables).split("\0")
    passed_over = [
        entry[2:] for entry in tagged if entry and (entry[0] in "Ss" or entry[0].islower())
    ]
    for flag in ("--no-skip-worktree", "--no-assume-unchanged") if passed_over else ():
        paths = "".join(f"{path}\0" for path in passed_over)
        git(tree, "update-index", flag, "-z", "--stdin", variables=variables, given=paths)


def _with_unwritten(
    tree: Path,
    written: str,
    variables: Mapping[str, str],
    aside: Path | None,
    made: Iterable[str],
) -> WorkingTree:
    """Return the hashes of a tree with what `written` does not tell of its files."""
    top = Path(git(tree, "rev-parse", "--show-toplevel"))
    listed = git(top, "ls-files", "--stage", "-z", variables=variables).split("\0")
    files: dict[str, str] = {}
    unwritten: dict[str, str] = {}
    changed = False
    for entry in filter(None, listed):
        facts, path = entry.split("\t", 1)
        mode, written_file, _ = facts.split()
        if mode == SUBMODULE:
            index = Path(variables["GIT_INDEX_FILE"])
            if within := _of_submodule(top / path, index, aside, made):
                committed = of_commit(top / path, "HEAD")
                changed |= within.changed or within.written != committed
                if within.hash != committed:
                    unwritten[path] = within.hash
        elif mode.startswith("100"):
            files[path] = written_file
    unwritten |= raw_files.other_than(files, top, variables)
    if not unwritten:
        return WorkingTree(written, written, changed)
    texts = [f"{path}\0{each}" for path, each in sorted(unwritten.items())]
    return WorkingTree(raw_files.digest("\0".join([written, *texts]), written), written, changed)


def _of_submodule(
    place: Path, index: Path, aside: Path | None, made: Iterable[str]
) -> WorkingTree | None:
    """Return the hashes of a repository in the tree, None if it is not there.

    Raises CheckoutError for files in the place of one that is not there: git looks at none.
    """
    if not (place / ".git").exists():
        with contextlib.suppress(FileNotFoundError):
            if any(place.iterdir()):
                raise CheckoutError(
                    f"{place}: expected a submodule, found files without one, at which git does "
                    "not look: move them away, or run `git submodule update --init`"
                )
        return None
    return of_directory(place, index.with_name("submodule"), aside, made)


def _below(tree: Path, paths: Iterable[str]) -> list[str]:
    """Return those of the paths that lie below a directory, relative to it, each once."""
    found = dict.fromkeys(map(Path, paths))
    return [str(path.relative_to(tree)) for path in found if tree in path.parents]
