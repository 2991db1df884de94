"""Runs git on a repository, and asks it simple questions.

Every failure names the command, its end, git's words, and the remedy. Unaware of the place of
the commit under test.
"""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

from lib.common import redact
from lib.common.inherited_environment import AS_COMMITTED, READINGS, REDIRECTIONS
from lib.processes import command

STEP_TIMEOUT = 120.0  # seconds
LONGEST_REVISION = 1000  # characters
NO_SUCH_REVISION = (
    "Needed a single revision|unknown revision|bad revision|ambiguous argument|not a valid|"
    "expected commit type|unable to read|bad object|invalid"
)
# no hooks, which are code of the branch outside of any job; no process that stays behind; and the
# whole tree, whichever part of it the developer has checked out
CONFIG = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.splitIndex=false",
    "core.commitGraph=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "core.sparseCheckout=false",
    "submodule.recurse=false",
    "fetch.recurseSubmodules=false",
    "advice.detachedHead=false",
)


class KnownFailure(NamedTuple):
    """A cause of a failure that git's own words prove, and its remedy."""

    words: str  # a regular expression
    remedy: str


class CheckoutError(Exception):
    """A git step failed; the message has the expected end, git's words, and the remedy.

    `brief` is one sentence, where there is no room for more.
    """

    def __init__(self, text: str, brief: str = "") -> None:
        super().__init__(text)
        self.brief = brief or text


def without_redirections(environ: Mapping[str, str]) -> dict[str, str]:
    """Return an environment in which git acts on the repository that its arguments name."""
    other = REDIRECTIONS | READINGS
    return {name: value for name, value in environ.items() if name not in other}


def git(
    repo: Path,
    *arguments: str,
    timeout: float = STEP_TIMEOUT,
    remedy: str = "do what git asks for, then run again",
    known: KnownFailure | None = None,
    variables: Mapping[str, str] = MappingProxyType({}),
    given: str = "",
) -> str:
    """Run one git command in a directory and return its output, without the last newline.

    git asks no question and runs no hook. After `timeout` seconds it is stopped, with all processes
    that it started. `variables` are added to its environment, and it reads what is `given`. Raises
    CheckoutError with git's words and `remedy`, or the remedy of the cause that is `known` by these
    words: no other cause is guessed.
    """
    argv = ["git", *(word for entry in CONFIG for word in ("-c", entry)), *arguments]
    quiet = {"LC_ALL": "C", "GIT_TERMINAL_PROMPT": "0", "GIT_OPTIONAL_LOCKS": "0"}
    env = {**without_redirections(os.environ), **quiet, **AS_COMMITTED, **variables}
    expected = f"`{shown(shlex.join(['git', *arguments]), 200)}` in {repo}: expected exit code 0"
    try:
        read = os.fsencode(given)
        done = command.run(argv, cwd=repo, env=env, timeout=timeout, given=read)
    except subprocess.TimeoutExpired as error:
        text = f"{expected}, found it not done after {timeout:g} s; {remedy}"
        raise CheckoutError(text, remedy) from error
    except (OSError, ValueError) as error:
        if isinstance(error, FileNotFoundError) and error.filename == "git":
            remedy = "git is not on PATH: install it"
        text = f"{expected}, found {shown(str(error), 200)}; {remedy}"
        raise CheckoutError(text, remedy) from error
    if done.code != 0:
        said = shown(done.errors.strip() or done.output.strip() or "nothing", 1000)
        brief = f"git said: {said}; {remedy}"
        if known and re.search(known.words, said):
            remedy = brief = known.remedy
        raise CheckoutError(f"{expected}, found {done.code}; git said: {said}; {remedy}", brief)
    return done.output.removesuffix("\n")


def enclosing_checkout(path: Path) -> Path:
    """Return the top of the checkout, or of the bare repository, around a directory.

    Raises CheckoutError that says how to name one.
    """
    named = "go into one, or name one with --repo or CI_REPO_DIR"
    none = KnownFailure(r"not a git repository \(or any", f"no git checkout around {path}: {named}")
    remedy = (
        f"do what git asks for, or name another checkout than {path} with --repo or CI_REPO_DIR"
    )
    bare = git(path, "rev-parse", "--is-bare-repository", remedy=remedy, known=none) == "true"
    question = "--absolute-git-dir" if bare else "--show-toplevel"
    return Path(git(path, "rev-parse", question, remedy=remedy, known=none))


def resolve(repo: Path, revision: str) -> str:
    """Return the full SHA of a commit. Raises CheckoutError for anything that names none."""
    named = repr(shown(revision, 80))
    if not revision or len(revision) > LONGEST_REVISION:
        raise CheckoutError(
            f"expected a commit of {repo}, found {len(revision)} characters, {named}: name one"
        )
    sha = git(
        repo,
        *("rev-parse", "--verify", "--end-of-options", f"{revision}^{{commit}}"),
        known=KnownFailure(
            NO_SUCH_REVISION, f"{repo} has no commit {named}: fetch it, or name another"
        ),
    )
    if not re.fullmatch(
        r"[0-9a-f]{40}|[0-9a-f]{64}", sha
    ):  # `^HEAD` is no commit, though git accepts it
        raise CheckoutError(f"expected a commit of {repo}, found {named}: name one")
    return sha


def current_branch(repo: Path) -> str:
    """Return the branch that is checked out, 'HEAD' when there is none. Raises CheckoutError."""
    return git(repo, "rev-parse", "--abbrev-ref", "HEAD")


def is_dirty(repo: Path, aside: Path | None = None) -> bool:
    """Whether a working tree differs from its commit, new files but those in `aside` included.

    The index is not refreshed: it is the developer's. Raises CheckoutError.
    """
    return bool(_status(repo, *all_but(repo, aside)))


def all_but(repo: Path, aside: Path | None) -> list[str]:
    """Return the pathspecs of a whole tree without a directory that may be in it (gitglossary(7)).

    Left out only if git sees a file there: `git add` refuses to exclude an ignored path.
    Raises CheckoutError.
    """
    if aside is not None:
        top, aside = enclosing_checkout(repo).resolve(), aside.resolve()
        if top in aside.parents:
            inside = aside.relative_to(top)
            if _status(repo, f":(top,literal){inside}"):
                return [":/", f":(top,exclude,literal){inside}"]
    return [":/"]


def _status(repo: Path, *paths: str) -> str:
    return git(repo, "status", "--porcelain", "--untracked-files=normal", "--", *paths)


def shown(text: str, longest: int) -> str:
    """Return a text as one line without secrets, those in a remote's URL included."""
    text = redact.of_environment()(text)
    text = re.sub(r"(?<=://)[^/@\s]+@", f"{redact.MASK}@", text)
    return redact.shorten(" | ".join(text.splitlines()), longest)
