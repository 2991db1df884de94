"""Makes a commit of old code with some paths of another commit: `old code under today's tests`.

Its tree is OLD's, but each of the paths is as NEW has it: changed, new, or gone. Its parents are
OLD and NEW. It is made in an index of its own (GIT_INDEX_FILE), so that the index, HEAD and the
files of the checkout stay as they are. The same commits and paths always make the same SHA. A ref
below `refs/ci/overlay/` keeps it from git's garbage collection.
"""

from __future__ import annotations

import hashlib
import json
import shlex
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.git.git_command import git, resolve, shown

REFS = "refs/ci/overlay/"
WHO = {"NAME": "ci overlay", "EMAIL": "ci-overlay@localhost"}
SHORT = 12  # digits of a commit in the name of a ref


class Overlay(NamedTuple):
    """A commit of OLD's tree with paths of NEW; all three by their full SHA."""

    sha: str
    old: str
    new: str
    ref: str


class Stale(NamedTuple):
    """An overlay whose NEW is no longer the tip of the branch that was asked for."""

    overlay: Overlay
    remove: str  # the command that removes it


def make(repo: Path, old: str, new: str, paths: Sequence[str]) -> Overlay:
    """Make the overlay of two revisions, and a ref that keeps it.

    `paths` are files or directories of the tree, by their names from its top; no patterns. Raises
    ValueError for paths that cannot be taken, and CheckoutError, with git's words.
    """
    wanted = _checked(paths)
    old, new = resolve(repo, old), resolve(repo, new)
    if old == new:
        raise ValueError(f"expected two commits, found one, {old}: nothing is to be laid over it")
    changes = _changes(_tree(repo, old), _tree(repo, new), wanted)
    tree = _tree_with(repo, old, changes)
    sha = _commit(repo, tree, old, new, wanted)
    digest = hashlib.sha256(json.dumps(wanted).encode()).hexdigest()
    made = Overlay(sha, old, new, f"{REFS}{_short(old)}-{_short(new)}-{_short(digest)}")
    git(repo, "update-ref", "--no-deref", made.ref, sha)
    return made


def kept(repo: Path) -> list[Overlay]:
    """Return the overlays that a repository keeps, by the names of their refs.

    Raises CheckoutError.
    """
    listed = git(repo, "for-each-ref", "--format=%(refname) %(objectname) %(parent)", REFS)
    rows = (line.split(" ") for line in listed.splitlines())
    return [Overlay(row[1], row[2], row[3], row[0]) for row in rows if len(row) == 4]


def stale(repo: Path, branches: Sequence[str]) -> list[Stale]:
    """Return the overlays whose NEW is the tip of none of these revisions. Raises CheckoutError."""
    tips = {resolve(repo, branch) for branch in branches}
    return [
        Stale(each, shlex.join(["git", "-C", str(repo), "update-ref", "-d", each.ref, each.sha]))
        for each in kept(repo)
        if each.new not in tips
    ]


def remove(repo: Path, each: Overlay) -> None:
    """Remove the ref of an overlay, unless it is another commit's now. Raises CheckoutError."""
    git(repo, "update-ref", "-d", each.ref, each.sha)


def _short(digits: str) -> str:
    return digits[:SHORT]


def _checked(paths: Sequence[str]) -> list[str]:
    """Return the paths as git lists them. Raises ValueError that names each wrong one."""
    found, problems = set(), []
    for path in paths:
        parts = [part for part in path.split("/") if part not in ("", ".")]
        if path.startswith("/") or ".." in parts or not parts or "\0" in path:
            problems.append(f"expected a path from the top of the tree, found {shown(path, 200)!r}")
        found.add("/".join(parts))
    if not paths:
        problems.append("expected paths that are to be as in the other commit, found none")
    if problems:
        raise ValueError("\n".join(problems))
    return sorted(found)


def _tree(repo: Path, sha: str) -> dict[str, str]:
    """Return mode and object of each file in a tree, by its path. Raises CheckoutError."""
    listed = git(repo, "ls-tree", "-r", "-z", "--full-tree", sha)
    entries = (entry.partition("\t") for entry in listed.split("\0") if entry)
    found = {}
    for fields, _, path in entries:
        mode, _, object_name = fields.split(" ")
        found[path] = f"{mode} {object_name}"
    return found


def _changes(
    old: Mapping[str, str], new: Mapping[str, str], paths: Sequence[str]
) -> dict[str, str]:
    """Return mode and object of each file to be set, '' for one to be removed.

    Raises ValueError for a path that neither commit has, and for a file that would have to be a
    directory as well.
    """
    problems = [
        f"expected a path of one of the commits, found {shown(path, 200)!r}, which neither has"
        for path in paths
        if not any(_below(file, path) for tree in (old, new) for file in tree)
    ]
    of_new = {file: entry for file, entry in new.items() if _any_below(file, paths)}
    of_old = {file: entry for file, entry in old.items() if _any_below(file, paths)}
    rest = old.keys() - of_old.keys()
    problems += [
        f"expected that {shown(path, 200)!r} is a directory, found a file of the old commit: "
        "name it among the paths as well"
        for path in sorted({up for file in of_new for up in _above(file)} & rest)
    ]
    above_rest = {up for file in rest for up in _above(file)}
    problems += [
        f"expected that {shown(path, 200)!r} is a file, found a directory of the old commit: "
        "name it among the paths as well"
        for path in sorted(above_rest & of_new.keys())
    ]
    if problems:
        raise ValueError("\n".join(problems))
    gone = dict.fromkeys(of_old.keys() - of_new.keys(), "")
    return gone | {file: entry for file, entry in of_new.items() if of_old.get(file) != entry}


def _below(file: str, path: str) -> bool:
    return file == path or file.startswith(f"{path}/")


def _any_below(file: str, paths: Sequence[str]) -> bool:
    return any(_below(file, path) for path in paths)


def _above(file: str) -> Iterator[str]:
    """Yield the directories that a file is in."""
    parts = file.split("/")
    return ("/".join(parts[:count]) for count in range(1, len(parts)))


def _tree_with(repo: Path, old: str, changes: Mapping[str, str]) -> str:
    """Return the tree of a commit with changes, made in an index of its own."""
    nothing = "0" * len(old)  # of mode 0: `update-index --index-info` removes the entry
    removed = [f"0 {nothing}\t{file}\0" for file, entry in changes.items() if not entry]
    added = [f"{entry}\t{file}\0" for file, entry in changes.items() if entry]
    with tempfile.TemporaryDirectory(prefix="ci-overlay.") as scratch:
        own = {"GIT_INDEX_FILE": f"{scratch}/index"}
        git(repo, "read-tree", old, variables=own)
        if changes:  # first those that go: a file may become a directory
            given = "".join([*sorted(removed), *sorted(added)])
            git(repo, "update-index", "-z", "--index-info", variables=own, given=given)
        return git(repo, "write-tree", variables=own)


def _commit(repo: Path, tree: str, old: str, new: str, paths: Sequence[str]) -> str:
    """Return the commit of a tree: its people and dates depend on nothing but NEW."""
    date = git(repo, "log", "-1", "--no-show-signature", "--format=@%ct +0000", new)
    who = {**WHO, "DATE": date}
    names = {f"GIT_{role}_{n}": v for role in ("AUTHOR", "COMMITTER") for n, v in who.items()}
    text = f"{old} with paths of {new}\n\nPaths: {json.dumps(paths)}\n"
    plain = ("-c", "i18n.commitEncoding=UTF-8")
    words = ("commit-tree", tree, "-p", old, "-p", new)
    return git(repo, *plain, *words, variables=names, given=text)
