"""The commit that a run tests: which one it is, and the tree in which its jobs run."""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable
from typing import Any

from lib.buckaroo.settings import Settings
from lib.commit.command_line import Words
from lib.git import checkout, tree_hash
from lib.git.checkout import CheckoutError

FULL_SHA = re.compile(r"[0-9a-f]{40}")


class TestedCommit:
    """The commit that `revision` names now; `say` writes a line into the log.

    `sha` stays as it is, whatever becomes of a branch: logs, URL, statuses and tree are of it. It
    is a name that is safe for the logs where the revision names no commit, which `prepare` raises.
    `tree` is known after `prepare`. `fields` is what summary.json says of the tree.
    """

    def __init__(self, words: Words, config: Settings, revision: str) -> None:
        self._words = words
        self._config = config
        self.revision = revision
        self.tree = config.repo_dir
        self.sha, self._unknown = _resolved(words, config, revision)
        self.fields: dict[str, Any] = {"in_place": words.in_place}

    @property
    def known(self) -> bool:
        """Whether there is a commit to have statuses."""
        return FULL_SHA.fullmatch(self.sha) is not None

    @property
    def branch(self) -> str:
        """The branch that was named, or HEAD's when nothing was; '' where it is not known."""
        if self._words.branch or self._words.sha:
            return self._words.branch
        with contextlib.suppress(CheckoutError):
            return checkout.current_branch(self._config.repo_dir)
        return ""

    def prepare(self, say: Callable[[str], None]) -> None:
        """Put the commit where its jobs run. Raises CheckoutError, OSError."""
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
            self.fields["tree"] = self._tree_hash()
        except CheckoutError as error:  # a repository without a commit in it, say
            say(f"NOTE  the hash of the tree is not known: {error}")

    def _check_out(self, say: Callable[[str], None]) -> str:
        """Return the commit that the tree holds from now on."""
        config = self._config
        self.fields["dirty"] = False
        if self._words.in_place:
            found = checkout.resolve(self.tree, "HEAD")
            if checkout.is_dirty(self.tree, config.state_dir):
                self.fields["dirty"] = True
                say("NOTE  uncommitted changes are included")
            return found
        if config.box and FULL_SHA.fullmatch(self.revision):
            return checkout.prepare_box(self.tree, self.revision, self._words.branch)
        if config.box:  # it was fetched before it was named
            checkout.check_out(self.tree, self.sha)
            return self.sha
        self.tree = config.worktree_dir
        return checkout.prepare_worktree(config.repo_dir, self.tree, self.sha)

    def _tree_hash(self) -> str:
        if not self.fields["dirty"]:
            return tree_hash.of_commit(self.tree, self.sha)
        scratch = self._config.work_dir / "tree-hash"
        return tree_hash.of_directory(self.tree, scratch, self._config.state_dir)


def _resolved(words: Words, config: Settings, revision: str) -> tuple[str, CheckoutError | None]:
    """Return the commit of a run, or a name that is safe for its logs and why it is not known.

    On a box a branch is fetched first: what it was before names another commit.
    """
    whole = FULL_SHA.fullmatch(revision)
    try:
        if config.box and not words.in_place and not whole:
            return checkout.fetch(config.repo_dir, revision, words.branch), None
        return checkout.resolve(config.repo_dir, revision), None
    except CheckoutError as error:
        if whole:
            return revision, None if config.box else error
        digest = hashlib.sha256(revision.encode(errors="replace")).hexdigest()
        return f"unresolved-{digest[:12]}", error
