"""The commit that a run tests, and the tree in which its jobs run."""

from __future__ import annotations

import contextlib
import hashlib
import time
from collections.abc import Callable
from typing import Any

from lib.commit.request import Request
from lib.common import ref_names
from lib.git import checkout, touched, tree_hash
from lib.git.checkout import CheckoutError


class TestedCommit:
    """The commit that the revision of a request names at this moment.

    Logs, URL, statuses and tree are all of `sha`, even if a branch moves meanwhile. Where the
    revision names no commit, `sha` is a name for the logs, and `prepare` raises. `tree` is known
    after `prepare`. `fields` are those of summary.json about the tree.
    """

    def __init__(self, request: Request) -> None:
        self._options = request.options
        self._config = request.config
        self._made = request.made
        self._started = 0.0  # seconds since the epoch: files that change later make doubts
        self.revision = request.revision
        self.tree = request.config.repo_dir
        self.sha, self._unknown = _resolved(request)
        self.fields: dict[str, Any] = {"in_place": request.options.in_place}

    @property
    def known(self) -> bool:
        """Whether there is a commit to have statuses."""
        return ref_names.is_commit(self.sha)

    @property
    def found(self) -> str:
        """The commit, or '' if the revision names none; one that a box has yet to fetch counts."""
        return "" if self._unknown else self.sha

    @property
    def branch(self) -> str:
        """The branch that was named, or HEAD's if no commit was named either; '' if unknown."""
        if self._options.branch or self._options.sha:
            return self._options.branch
        with contextlib.suppress(CheckoutError):
            return checkout.current_branch(self._config.repo_dir)
        return ""

    def prepare(self, say: Callable[[str], None]) -> None:
        """Put the commit where its jobs run; `say` logs a line. Raises CheckoutError, OSError."""
        if self._unknown:
            raise self._unknown
        found = self._check_out(say)
        if found != self.sha:
            raise CheckoutError(
                f"{self.tree}: expected {self.sha}, which the logs are named after, found {found}: "
                "name a commit that stays, then run again"
            )
        say(f"TREE  {self.sha} in {self.tree}")
        try:
            self._started = time.time()
            self.fields["tree"] = self._tree_hash()
        except CheckoutError as error:  # a repository without a commit in it, say
            say(f"NOTE  the hash of the tree is not known: {error}")

    def tree_now(self) -> str:
        """Return the hash of the tree as it is after the jobs, if its user may have changed it.

        A tree of the runner's own is as it was checked out. Raises CheckoutError, OSError.
        """
        if not self._options.in_place:
            return str(self.fields.get("tree"))
        if touched.since(self.tree, self._started, self._config.state_dir, self._made):
            return ""
        return self._tree_hash()

    def _check_out(self, say: Callable[[str], None]) -> str:
        """Return the commit that the tree holds from now on."""
        config = self._config
        self.fields["dirty"] = False
        if self._options.in_place:
            found = checkout.resolve(self.tree, "HEAD")
            if checkout.is_dirty(self.tree, config.state_dir):
                self.fields["dirty"] = True
                say("NOTE  uncommitted changes are included")
            return found
        found, self.tree = self.sha, config.tree_dir
        if config.box and ref_names.is_commit(self.revision):  # others were fetched to name them
            found = checkout.fetch(config.repo_dir, self.revision, self._options.branch)
        if self.tree == config.repo_dir:
            checkout.check_out(self.tree, found)
            return found
        return checkout.prepare_worktree(config.repo_dir, self.tree, found)

    def _tree_hash(self) -> str:
        if not self._options.in_place:
            return tree_hash.of_commit(self.tree, self.sha)
        scratch = self._config.work_dir / "tree-hash"
        return tree_hash.of_directory(self.tree, scratch, self._config.state_dir, self._made).hash


def _resolved(request: Request) -> tuple[str, CheckoutError | None]:
    """Return the commit of a run, or a name for its logs and the reason why it is not known.

    On a box a branch is fetched first, since it may have moved.
    """
    options, config, revision = request.options, request.config, request.revision
    whole = ref_names.is_commit(revision)
    try:
        if config.box and not options.in_place and not whole:
            return checkout.fetch(config.repo_dir, revision, options.branch), None
        return checkout.resolve(config.repo_dir, revision), None
    except CheckoutError as error:
        if whole:
            return revision, None if config.box else error
        digest = hashlib.sha256(revision.encode(errors="replace")).hexdigest()
        return f"unresolved-{digest[:12]}", error
