"""Puts the commit under test into a directory. Every git step is checked.

On the box the checkout is the runner's to clean. Elsewhere it works in a `git worktree` of its
own and never touches the developer's tree, index or branches.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from pathlib import Path

from lib import command

STEP_TIMEOUT, FETCH_TIMEOUT = 120.0, 300.0  # seconds
MARKER = "ci-runner-worktree"  # a file in the worktree's own git directory: it is ours
REDIRECTIONS = frozenset(
    {
        "GIT_ALTERNATE_OBJECT_DIRECTORIES",
        "GIT_COMMON_DIR",
        "GIT_CONFIG",
        "GIT_CONFIG_PARAMETERS",
        "GIT_DIR",
        "GIT_GRAFT_FILE",
        "GIT_IMPLICIT_WORK_TREE",
        "GIT_INDEX_FILE",
        "GIT_INTERNAL_SUPER_PREFIX",
        "GIT_NAMESPACE",
        "GIT_NO_REPLACE_OBJECTS",
        "GIT_OBJECT_DIRECTORY",
        "GIT_PREFIX",
        "GIT_QUARANTINE_PATH",
        "GIT_REPLACE_REF_BASE",
        "GIT_SHALLOW_FILE",
        "GIT_WORK_TREE",
    }
)
KEPT = ("node_modules",)  # what a clean leaves: the lock check decides about it
STATIC = ("compiled.css", "widget.js", "widget.css")


class CheckoutError(Exception):
    """A git step failed: what was expected, what git said, what to do."""


def without_redirections(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git acts on the repository that it is told.

    A hook's git sets these for its children (`git rev-parse --local-env-vars`).
    """
    return {name: value for name, value in environ.items() if name not in REDIRECTIONS}


def git_environment(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """Return the environment of the runner's own git: no redirection, no question, plain words."""
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    return without_redirections(environ) | quiet


def git(repo: Path, *arguments: str, timeout: float = STEP_TIMEOUT) -> str:
    """Run one git command in a repository and return what it prints, stripped.

    Hooks are off: they would be code of the branch that runs outside of any job. Raises
    CheckoutError.
    """
    quiet = ("-c", "core.hooksPath=/dev/null", "-c", "gc.auto=0", "-c", "core.fsmonitor=false")
    shown = f"git {' '.join(arguments)[:200]!r} in {repo}"
    try:
        done = command.run(
            ["git", *quiet, *arguments], cwd=repo, env=git_environment(), timeout=timeout
        )
    except subprocess.TimeoutExpired as error:
        raise CheckoutError(f"{shown}: not done after {timeout:g} s") from error
    except (OSError, ValueError) as error:
        raise CheckoutError(f"{shown}: {error}") from error
    if done.code != 0:
        said = done.errors.strip() or done.output.strip() or "nothing"
        raise CheckoutError(f"{shown}: exit code {done.code}, git said: {said[:1000]}")
    return done.output.strip()


def enclosing_checkout(path: Path) -> Path:
    """Return the top of the checkout around a directory, or of the bare repository it is in.

    Raises CheckoutError that says how to name one.
    """
    try:
        bare = git(path, "rev-parse", "--is-bare-repository") == "true"
        return Path(git(path, "rev-parse", "--absolute-git-dir" if bare else "--show-toplevel"))
    except CheckoutError as error:
        raise CheckoutError(
            f"expected a git checkout around {path}, found none ({error}): go into one, or name "
            "one with --repo or CI_REPO_DIR"
        ) from error


def resolve(repo: Path, revision: str) -> str:
    """Return the full SHA of a commit. Raises CheckoutError for anything that names none."""
    if not revision or "\0" in revision or len(revision) > 1000:
        raise CheckoutError(f"expected a commit, found {revision[:80]!r}")
    try:
        return git(repo, "rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}")
    except CheckoutError as error:
        raise CheckoutError(
            f"expected a commit of {repo}, found none for {revision[:80]!r}: fetch it, or name "
            f"another ({error})"
        ) from error


def current_branch(repo: Path) -> str:
    """Return the branch that is checked out, 'HEAD' when there is none."""
    return git(repo, "rev-parse", "--abbrev-ref", "HEAD")


def is_dirty(repo: Path) -> bool:
    """Whether the working tree differs from its commit."""
    return bool(git(repo, "status", "--porcelain"))


def prepare_box(repo: Path, revision: str, branch: str) -> str:
    """Fetch, check the commit out by force, clean, and return its full SHA.

    For a CI box only: what was changed or untracked in the checkout is lost. `node_modules` stay.
    """
    if not git(repo, "remote"):
        raise CheckoutError(f"{repo}: expected a remote to fetch from, found none")
    # `--` keeps a branch from being an option; all branches, since it may be gone by now
    git(repo, "fetch", "--quiet", "--prune", "--tags", "--force", "origin", timeout=FETCH_TIMEOUT)
    try:
        sha = resolve(repo, revision)
    except CheckoutError:
        # a commit that no branch holds any more, or of a pull request: ask for it by name
        git(repo, "fetch", "--quiet", "origin", "--", revision, timeout=FETCH_TIMEOUT)
        sha = resolve(repo, revision)
    _check_out(repo, sha)
    return sha


def prepare_worktree(repo: Path, path: Path, revision: str) -> str:
    """Put a commit into the runner's own worktree at `path`; return its full SHA."""
    sha = resolve(repo, revision)
    if path.exists() and not _is_ours(repo, path):
        raise CheckoutError(
            f"{path}: expected nothing, or the runner's own worktree of {repo}, found something "
            "else: move it away"
        )
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        git(repo, "worktree", "prune")
        git(repo, "worktree", "add", "--force", "--detach", "--no-checkout", str(path), sha)
        (_git_dir(path) / MARKER).touch()
    # a git of an earlier run that was killed leaves its lock; the run lock says none is at work
    (_git_dir(path) / "index.lock").unlink(missing_ok=True)
    _check_out(path, sha)
    return sha


def _git_dir(path: Path) -> Path:
    return Path(git(path, "rev-parse", "--absolute-git-dir"))


def _is_ours(repo: Path, path: Path) -> bool:
    try:
        top = Path(git(path, "rev-parse", "--show-toplevel"))
        common = [Path(git(d, "rev-parse", "--git-common-dir")) for d in (repo, path)]
    except CheckoutError:
        return False
    same = (repo / common[0]).resolve() == (path / common[1]).resolve()
    return same and top.resolve() == path.resolve() and (_git_dir(path) / MARKER).exists()


def _check_out(tree: Path, sha: str) -> None:
    git(tree, "checkout", "--quiet", "--force", "--detach", sha)
    keep = [argument for name in KEPT for argument in ("-e", name)]
    git(tree, "clean", "-ffdxq", *keep)
    found = resolve(tree, "HEAD")
    if found != sha:
        raise CheckoutError(f"{tree}: expected commit {sha} checked out, found {found}")


def make_placeholders(tree: Path) -> list[str]:
    """Create the generated static files that the Python package wants to find; return the new."""
    package = tree / "buckaroo"
    if not package.is_dir():
        return []
    static = package / "static"
    static.mkdir(exist_ok=True)
    missing = [name for name in STATIC if not (static / name).exists()]
    for name in missing:
        (static / name).touch()
    return missing
