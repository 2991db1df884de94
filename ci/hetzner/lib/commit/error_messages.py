"""Prints errors of pipeline.py and its running programs on the terminal, without secrets."""

from __future__ import annotations

import contextlib
import errno
import os
import sys
from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.settings import SettingsError
from lib.common import redact
from lib.common.plain_text import printable
from lib.report import running_jobs

# errors of a write, which have no path
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)


def complain(text: str) -> None:
    """Print a text to stderr."""
    print(redact.of_environment()(text), file=sys.stderr)


def state_directory_hint(error: OSError, state_dir: str | None) -> str:
    """Return a question about the state directory if the error may come from it, else ''."""
    with contextlib.suppress(SettingsError):
        state = settings.load_anywhere({"state_dir": state_dir}).state_dir.resolve()
        place = Path(os.fsdecode(error.filename)).resolve() if error.filename else None
        if place.is_relative_to(state) if place else error.errno in FULL:
            return ": can the state directory be written?"
    return ""


def tell_what_runs() -> None:
    """Print the running programs while no jobs run."""
    mask = redact.Redactor(redact.secret_values(os.environ))
    print("\n".join(printable(mask(line)) for line in running_jobs.without_jobs()), flush=True)
