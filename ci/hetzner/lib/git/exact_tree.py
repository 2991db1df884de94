"""Makes a directory of the runner hold exactly a commit, without leftovers of jobs.

A job can write everything that its tree shares with the repository: settings, attributes, replaced
commits, hooks, the index. So git makes the tree from a temporary repository, which borrows the
objects and nothing else; the user's own settings and filters count as everywhere. Unaware of the
meaning of a revision and of the owner of the directory.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Iterator, Mapping
from pathlib import Path

from lib.common import interrupts, tree_copy
from lib.git.git_command import CheckoutError, git, resolve

KEPT = "node_modules"  # a clean leaves it: the lock check decides about it
LOCK_AGE = 3.0  # seconds that a git may hold an index lock before it counts as dead
REMEDY = "free the path that git names, or remove the directory: it is made again"
FILTERS = (".clean", ".smudge", ".process")
EMPTY_TREE = {
    40: "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    64: "6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321",
}


def check_out(tree: Path, sha: str) -> None:
    """Make a tree of the runner hold exactly a commit, and the directories that a clean keeps.

    Raises CheckoutError.
    """
    records = tree / git(tree, "rev-parse", "--git-dir")
    _drop_dead_locks(records)
    try:
        _overwrite(tree, records, sha)
    except CheckoutError:
        # a job may have left directories without rights for their owner
        if not tree_copy.open_up(tree, but=KEPT):
            raise
        _overwrite(tree, records, sha)


def _overwrite(tree: Path, records: Path, sha: str) -> None:
    keep = ("-e", KEPT) if _drop_index(tree, records / "index") else ()
    with _alone(tree, records, sha) as variables:
        # without an index every file is untracked, repositories that a job made in here included
        git(tree, "clean", "-ffdxq", *keep, remedy=REMEDY, variables=variables)
        detached = ("checkout", "--quiet", "--force", "--detach", sha)
        git(tree, *detached, remedy=REMEDY, variables=variables)
    git(tree, "update-ref", "--no-deref", "HEAD", sha, remedy=REMEDY)
    found = resolve(tree, "HEAD")
    if found != sha:
        raise CheckoutError(f"{tree}: expected commit {sha} checked out, found {found}; {REMEDY}")


def _drop_index(tree: Path, index: Path) -> bool:
    """Remove the index, so that each file is written anew; return whether it could be read.

    The index says which files git need not read: by flags (git-update-index(1), skip-worktree), by
    sizes and times that a job can set again, or that are equal within a second. Files of the last
    commit in a directory that a clean keeps are removed as well.
    """
    if os.path.lexists(index):
        kept = (f":(top,glob)**/{KEPT}", f":(top,glob)**/{KEPT}/**")
        try:
            names = git(tree, "ls-files", "-z", "--", *kept)
        except CheckoutError:
            tree_copy.remove(index)
            return False
        for path in (tree / name for name in names.split("\0") if name):
            if path.parent.resolve() == tree.resolve() / path.parent.relative_to(tree):
                with contextlib.suppress(NotADirectoryError):
                    tree_copy.remove(path)
        tree_copy.remove(index)
    return True


@contextlib.contextmanager
def _alone(tree: Path, records: Path, sha: str) -> Iterator[Mapping[str, str]]:
    """Yield variables that have git work on a tree and its index, but in a new repository."""
    objects = tree / git(tree, "rev-parse", "--git-common-dir") / "objects"
    _fetch_promised(tree, objects, sha)
    place = records / "ci-runner-checkout"
    tree_copy.remove(place)
    try:
        kind = "sha1" if len(sha) == 40 else "sha256"
        git(tree, "init", "--quiet", "--template=", f"--object-format={kind}", str(place))
        variables = {
            "GIT_DIR": str(place / ".git"),
            "GIT_WORK_TREE": str(tree),
            "GIT_INDEX_FILE": str(records / "index"),
            "GIT_OBJECT_DIRECTORY": str(objects),
        }
        yield variables | _filters(tree, variables)
    finally:
        tree_copy.remove(place)


def _filters(tree: Path, variables: Mapping[str, str]) -> dict[str, str]:
    """Return the user's filters as settings that let them see the tree's own repository.

    git-lfs(1) finds the files that it has, and the server for others, by that repository.
    """
    count = int(os.environ.get("GIT_CONFIG_COUNT") or 0)
    found = {}
    for entry in git(tree, "config", "--list", "-z", variables=variables).split("\0"):
        name, _, value = entry.partition("\n")
        if name.startswith("filter.") and name.endswith(FILTERS) and value:
            found[f"GIT_CONFIG_KEY_{count}"] = name
            found[f"GIT_CONFIG_VALUE_{count}"] = f"unset {' '.join(variables)}; {value}"
            count += 1
    return {**found, "GIT_CONFIG_COUNT": str(count)} if found else {}


def _fetch_promised(tree: Path, objects: Path, sha: str) -> None:
    """Have a partial clone fetch the objects of a commit, by its own settings."""
    if any(objects.glob("pack/*.promisor")):
        every = (*("diff-tree", "-r", "--shortstat", "--no-ext-diff"), EMPTY_TREE[len(sha)], sha)
        git(tree, *every, remedy="see that the remote answers, then run again")


def _drop_dead_locks(records: Path) -> None:
    """Remove the locks that a killed git left in a tree of the runner's own.

    git never does (gitrepository-layout(5)): one kill would fail every later run.
    """
    for lock in (records / "index.lock", records / "HEAD.lock"):
        while (age := _age(lock)) is not None and age < LOCK_AGE:
            interrupts.sleep(0.05)
        lock.unlink(missing_ok=True)


def _age(path: Path) -> float | None:
    """Return the seconds since a file was written, None if there is none."""
    try:
        return abs(time.time() - path.stat().st_mtime)  # a clock that was set back makes it old
    except FileNotFoundError:
        return None
