"""Makes the receiver of a box from its settings, and refuses those that let strangers in."""

from __future__ import annotations

from typing import TYPE_CHECKING

from lib.commit_queue.store import CommitQueue
from lib.configuration.service_settings import ServiceSettings, SettingsError
from lib.receiver.application import Application
from lib.receiver.events import Rules

if TYPE_CHECKING:
    from wsgiref.types import WSGIApplication


def receiver(settings: ServiceSettings, queue: CommitQueue, others: WSGIApplication) -> Application:
    """Return the application; `others` answers what is no webhook. Raises SettingsError."""
    if problems := [*_problems(settings)]:
        raise SettingsError("\n".join(problems))
    rules = Rules(settings.base.github_repo, settings.forks, settings.tags)
    return Application(queue, rules, settings.webhook_secret, others)


def _problems(settings: ServiceSettings) -> list[str]:
    found = []
    if not settings.webhook_secret and not settings.without_secret:
        found.append(
            "WEBHOOK_SECRET: expected the secret of the webhook, found none: set it to the output "
            "of `openssl rand -hex 32`. If something in front of the receiver lets only GitHub "
            "through, say so with --without-secret or CI_WITHOUT_SECRET=1"
        )
    if settings.webhook_secret and settings.without_secret:
        found.append(
            "WEBHOOK_SECRET: expected none beside --without-secret or CI_WITHOUT_SECRET=1, "
            "found one: unset either"
        )
    if not settings.base.github_repo:
        found.append(
            "GITHUB_REPO: expected owner/name of the repository whose webhooks are received, "
            "found none: set it"
        )
    return found
