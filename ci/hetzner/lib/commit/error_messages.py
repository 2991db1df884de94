"""Explains errors of pipeline.py."""

from __future__ import annotations

import contextlib
import errno
import os
from pathlib import Path

from lib.buckaroo import settings
from lib.buckaroo.settings import SettingsError

# errors of a write, which have no path
FULL = (errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO)


def state_directory_hint(error: OSError, state_dir: str | None) -> str:
    """Return a question about the state directory if the error may come from it, else ''."""
    with contextlib.suppress(SettingsError):
        state = settings.load_anywhere({"state_dir": state_dir}).state_dir.resolve()
        place = Path(os.fsdecode(error.filename)).resolve() if error.filename else None
        if place.is_relative_to(state) if place else error.errno in FULL:
            return ": can the state directory be written?"
    return ""
