"""Posts commit statuses to GitHub, with the settings of the environment: for other programs.

Each function returns whether GitHub took the status, and raises nothing.
"""

from __future__ import annotations

import functools
import os

from lib.common.redact import Redactor
from lib.configuration import settings
from lib.configuration.settings import Settings
from lib.github.client import Repository
from lib.github.status_data import Delivery, Status
from lib.github.status_reporter import StatusReporter


def status_pending(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit is being checked."""
    return _post(Status("pending", sha, context, description, url))


def status_success(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit passed."""
    return _post(Status("success", sha, context, description, url))


def status_failure(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit failed."""
    return _post(Status("failure", sha, context, description, url))


def status_error(sha: str, context: str, description: str, url: str = "") -> bool:
    """Say that a commit could not be checked."""
    return _post(Status("error", sha, context, description, url))


def _post(status: Status) -> bool:
    try:
        config = settings.load_anywhere()
    except settings.SettingsError as error:
        print(f"status {status.state} of {status.context} was not posted: {error}")
        return False
    return _reporter(config).post(status) is Delivery.ACCEPTED


@functools.lru_cache(maxsize=1)
def _reporter(config: Settings) -> StatusReporter:
    """Return the one reporter of these settings, so that it says only once that it is off."""
    repository = Repository(config.github_api_url, config.github_token, config.github_repo)
    return StatusReporter(repository, print, mask=Redactor(settings.secrets(config, os.environ)))
