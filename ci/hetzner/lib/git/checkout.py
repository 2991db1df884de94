"""Puts the commit under test into a directory. Every git step is checked.

On the box the runner may clean the checkout. Elsewhere it works in a `git worktree` of its own and
never touches the developer's tree, index or branches. Unaware of jobs and settings.
"""

from __future__ import annotations

import contextlib
import os
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path

from lib.common import files, locks, tree_copy
from lib.git.exact_tree import check_out
from lib.git.git_command import (
    CheckoutError,
    current_branch,
    enclosing_checkout,
    git,
    is_dirty,
    resolve,
    shown,
    without_redirections,
)

__all__ = [
    "CheckoutError",
    "check_out",
    "current_branch",
    "enclosing_checkout",
    "fetch",
    "git",
    "is_dirty",
    "prepare_worktree",
    "resolve",
    "without_redirections",
]

FETCH_TIMEOUT = 300.0  # seconds
FETCH_LOCK = "ci-runner-fetch.lock"  # in the directory that all worktrees of a repository share
OF_REFERENCES = ("packed-refs.lock", "shallow.lock")
LOCK_AGE = 60.0  # seconds: no git that lives keeps a lock of a reference for so long
MARKER = ".made-by-ci-runner"  # suffix of a file beside a worktree: the runner owns it


def fetch(repo: Path, revision: str, branch: str, timeout: float = FETCH_TIMEOUT) -> str:
    """Fetch all branches, and a commit that they do not hold; return the full SHA of a revision.

    A failed fetch is an error even if the commit is there: the revision may mean another commit
    by now. `timeout` is seconds for a fetch, and for those of other runs of this repository before
    it. Raises CheckoutError.
    """
    if branch:
        git(
            repo,
            *("check-ref-format", f"refs/heads/{branch}"),
            remedy=f"the branch {shown(branch, 80)!r} is no branch's name: pass the real one",
        )
    with _alone(repo, revision, timeout):
        return _fetched(repo, revision, branch, timeout)


def prepare_worktree(repo: Path, path: Path, revision: str) -> str:
    """Put a commit into the runner's own worktree at `path`; return its full SHA.

    A missing one is made; the next commit uses it again. Raises CheckoutError, also for a
    directory that the runner did not make.
    """
    sha = resolve(repo, revision)
    marker = path.with_name(path.name + MARKER)
    if _holds_nothing(path) or (marker.exists() and _lost_its_repository(path)):
        _add_worktree(repo, path, marker, sha)
    if not marker.exists() or not _belongs_to(repo, path):
        raise CheckoutError(
            f"{path}: expected nothing, or the runner's own worktree of {repo}, found something "
            f"else: move it away, and {marker.name} beside it"
        )
    check_out(path, sha)
    return sha


@contextlib.contextmanager
def _alone(repo: Path, revision: str, timeout: float) -> Iterator[None]:
    """Keep other fetches of the runner away: of two at once, git fails one that moves a branch."""
    common = repo / git(repo, "rev-parse", "--git-common-dir")
    label = f"a fetch of {shown(revision, 80)}"
    try:
        with locks.lock(common / FETCH_LOCK, label, timeout=timeout):
            _drop_dead_locks(common)
            yield
    except (locks.LockTimeoutError, OSError) as error:
        raise CheckoutError(f"{repo} cannot be fetched: {error}") from error


def _drop_dead_locks(common: Path) -> None:
    """Remove the locks of references that a killed git left: each later fetch would fail."""
    old = time.time() - LOCK_AGE
    for lock in (*map(common.joinpath, OF_REFERENCES), *common.glob("refs/**/*.lock")):
        with contextlib.suppress(FileNotFoundError):
            if lock.lstat().st_mtime < old:
                lock.unlink()


def _fetched(repo: Path, revision: str, branch: str, timeout: float) -> str:
    """Fetch all branches, then a commit that they do not hold; return the SHA of the revision."""

    def fetch(remedy: str, *wanted: str) -> None:
        quiet = ("fetch", "--quiet")
        git(repo, *quiet, *wanted, timeout=timeout, remedy=remedy)

    # moved tags and branches are taken as they are now
    everything = ("--prune", "--tags", "--force", "origin")
    fetch("see that the remote `origin` is there and answers, then run again", *everything)
    try:
        return _resolve_fetched(repo, revision)
    except CheckoutError:
        if re.fullmatch(r"[0-9a-f]{40}|[0-9a-f]{64}", revision):
            _fetch_commit(repo, revision, fetch)
        elif branch:
            name = f"+refs/heads/{branch}:refs/remotes/origin/{branch}"
            fetch(
                f"`origin` has no branch {shown(branch, 80)!r}: push it, or name another",
                "origin",
                name,
            )
        return _resolve_fetched(repo, revision)


def _fetch_commit(repo: Path, sha: str, fetch: Callable[..., None]) -> None:
    """Fetch a commit that no branch of `origin` holds: of a pull request, or of another remote.

    The others are asked first: the one that people push to is a directory of this machine.
    """
    others = [remote for remote in git(repo, "remote").splitlines() if remote != "origin"]
    for remote in others:
        with contextlib.suppress(CheckoutError):
            fetch("it may be at `origin`", remote, sha)
            return
    nor = "".join(f", nor has `{shown(remote, 80)}`" for remote in others)
    fetch(f"`origin` has no commit {sha}{nor}: push it, or name another", "origin", sha)


def _resolve_fetched(repo: Path, revision: str) -> str:
    """Return the SHA of a revision; a branch is the remote's, for a local one is never updated."""
    if revision != "HEAD" and not revision.startswith("refs/"):
        remote = git(repo, "for-each-ref", "--format=%(refname)", "refs/remotes/origin/")
        name = f"refs/remotes/origin/{revision}"
        if name in remote.splitlines():
            return resolve(repo, name)
    return resolve(repo, revision)


def _holds_nothing(path: Path) -> bool:
    """Whether there is nothing at a path that could be lost, at most a link to a repository."""
    if path.is_symlink():
        return False
    try:
        return all(entry.name == ".git" and entry.is_file() for entry in path.iterdir())
    except FileNotFoundError:
        return True
    except OSError:
        return False


def _lost_its_repository(path: Path) -> bool:
    """Whether a worktree's link is gone or leads nowhere: its repository may be a new one."""
    link = path / ".git"
    if path.is_symlink() or not path.is_dir():
        return False
    if not os.path.lexists(link):
        return True
    if files.another_kind(link):
        return False
    target = os.fsdecode(files.read(link)).removeprefix("gitdir:").strip()
    return not (path / target).exists()


def _add_worktree(repo: Path, path: Path, marker: Path, sha: str) -> None:
    tree_copy.remove(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    text = f"{path.name} is a worktree of {repo}, and the runner's to overwrite\n"
    files.atomic_write(marker, os.fsencode(text))
    # forced twice: an earlier one may be registered, and locked if its creation was cut off
    force = ("--force", "--force")
    git(repo, "worktree", "add", *force, "--detach", "--no-checkout", "--", str(path), sha)


def _belongs_to(repo: Path, path: Path) -> bool:
    """Whether git itself says that a directory is the top of a worktree of this repository."""
    try:
        top = Path(git(path, "rev-parse", "--show-toplevel"))
        own, common = (Path(git(path, "rev-parse", f"--git-{d}dir")) for d in ("", "common-"))
        theirs = Path(git(repo, "rev-parse", "--git-common-dir"))
    except CheckoutError:
        return False
    own, common, theirs = (
        (path / own).resolve(),
        (path / common).resolve(),
        (repo / theirs).resolve(),
    )
    linked = own != common  # a repository's main tree is never the runner's
    return linked and common == theirs and top.resolve() == path.resolve()
