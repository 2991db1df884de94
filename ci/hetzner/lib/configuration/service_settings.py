"""The settings of the services around runs: receiver, queue, worker and dashboard."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass

from lib.configuration import settings
from lib.configuration.reader import Reader, SettingsError
from lib.configuration.settings import Settings

__all__ = ["ServiceSettings", "SettingsError", "load"]

SHORTEST_SECRET = 16  # characters: strangers may try as often as they like
HOUR = 3600.0  # seconds


@dataclass(frozen=True, repr=False)
class ServiceSettings:
    """The settings of the services of a state directory."""

    base: Settings
    webhook_secret: str  # WEBHOOK_SECRET: signs the webhooks, or ''
    without_secret: bool  # CI_WITHOUT_SECRET: webhooks of anyone are received
    read_token: str  # CI_READ_TOKEN: what readers of the dashboard show, or '' for none
    queue_command: tuple[str, ...]  # CI_QUEUE_COMMAND: runs a commit
    protected: tuple[str, ...]  # CI_PROTECTED_BRANCHES: globs; each of their pushes has a run
    forks: tuple[str, ...]  # CI_FORKS: owner/name of the forks whose pull requests run
    tags: bool  # CI_TAGS: pushes of tags run, too
    repo_url: str  # CI_REPO_URL: the repository whose branches `queue poll` asks for, or ''
    stale_seconds: float  # CI_STALE_HOURS: the last success is stale after this time

    def __repr__(self) -> str:
        """Return a form without the secrets, since it may end in a log."""
        return f"ServiceSettings(state_dir={str(self.base.state_dir)!r}, …)"


def load(state_dir: str | None = None, environ: Mapping[str, str] = os.environ) -> ServiceSettings:
    """Return the settings; no checkout is needed. Raises SettingsError with every problem."""
    read = Reader({"state_dir": state_dir}, environ, settings.current_directory())
    base = settings.of_directory(read)
    own_program = (sys.executable or "python3", str(base.runner_dir / "pipeline.py"))
    found = ServiceSettings(
        base=base,
        webhook_secret=read.secret("WEBHOOK_SECRET", SHORTEST_SECRET),
        without_secret=read.flag("CI_WITHOUT_SECRET"),
        read_token=read.secret("CI_READ_TOKEN", SHORTEST_SECRET),
        queue_command=_queue_command(read, own_program),
        protected=read.listed("CI_PROTECTED_BRANCHES", r"\S+", "globs of branches", "main,master"),
        forks=read.listed("CI_FORKS", r"[\w.-]+/[\w.-]+", "forks as owner/name"),
        tags=read.flag("CI_TAGS"),
        repo_url=read.text("CI_REPO_URL", ""),
        stale_seconds=HOUR * read.seconds("stale_hours", "CI_STALE_HOURS", 168, "hours"),
    )
    read.finish()
    return found


def _queue_command(read: Reader, default: tuple[str, ...]) -> tuple[str, ...]:
    """Return the words of the command; within quotes of a script, quotes of a branch end those."""
    words = read.words("CI_QUEUE_COMMAND", default)
    for word in words:
        if "{branch}" in word and any(quote in word for quote in "'\"`"):
            read.refuse(
                [
                    "CI_QUEUE_COMMAND: expected {branch} without quotes in its script, since it is "
                    f"quoted for the shell, found {word!r}"
                ]
            )
    return words
