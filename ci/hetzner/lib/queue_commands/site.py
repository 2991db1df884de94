"""The place that a command of the queue asks: its queue, its settings, its repository."""

from __future__ import annotations

import argparse
import functools
from collections.abc import Sequence
from pathlib import Path

from lib.commit_queue.store import CommitQueue
from lib.common import own_environ, ref_names
from lib.configuration import service_settings, settings
from lib.configuration.service_settings import ServiceSettings
from lib.git import checkout
from lib.git.checkout import CheckoutError


class QueueSite:
    """The place. `program` are the words that call this pipeline again, `places` its flags."""

    def __init__(
        self, found: ServiceSettings, program: Sequence[str], given: argparse.Namespace
    ) -> None:
        self.settings = found
        self.program = tuple(program)
        self._given = given

    @property
    def state_dir(self) -> Path:
        """The state directory."""
        return self.settings.base.state_dir

    @functools.cached_property
    def queue(self) -> CommitQueue:
        """The queue of the state directory."""
        return CommitQueue(self.state_dir, self.settings.protected)

    def words(self, *command: str) -> list[str]:
        """Return the words of a command of this queue."""
        place = self._given.state_dir
        return [*self.program, "queue", *command, *(["--state-dir", place] if place else [])]

    def commit(self, word: str) -> str:
        """Return the full SHA of a commit; a name is looked up in the repository.

        Raises ValueError for a name that no repository knows.
        """
        if ref_names.is_commit(word):
            return word
        repo = settings.load({"repo": self._given.repo, "state_dir": self._given.state_dir})
        try:
            return checkout.resolve(repo.repo_dir, word)
        except CheckoutError as error:
            raise ValueError(f"expected a commit, found {word!r}: {error}") from error


def of(given: argparse.Namespace, program: Sequence[str]) -> QueueSite:
    """Return the place that the arguments name. Raises SettingsError.

    From now on no job can read the secrets of this process in /proc.
    """
    found = service_settings.load(given.state_dir)
    own_environ.hide_secrets(found.base.secret_names)
    return QueueSite(found, program, given)


def add_places(parser: argparse.ArgumentParser) -> None:
    """Add the flags that name the places; all commands take them."""
    parser.add_argument(
        "--repo", metavar="DIR", help="where names of commits are looked up (default: around you)"
    )
    parser.add_argument("--state-dir", metavar="DIR", help="where the queue is kept")


def add_commit(parser: argparse.ArgumentParser) -> None:
    """Add the arguments that name a commit and its branch."""
    parser.add_argument("sha", metavar="SHA", help="a commit, or a name for it such as HEAD")
    parser.add_argument("branch", nargs="?", default="", metavar="BRANCH", help="its branch")


def branch(word: str) -> str:
    """Return a branch. Raises ValueError for a word that cannot be one."""
    if word and not ref_names.is_branch(word):
        raise ValueError(f"expected the name of a branch, found {word!r}")
    return word
