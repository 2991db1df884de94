"""Adds the summary of a run to that of the step of GitHub Actions in which it ran.

GitHub names a file for it (GITHUB_STEP_SUMMARY) and takes at most 1 MiB of it. A run within a job
of another run adds nothing: the outer one does.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

from lib.common import files

VARIABLE = "GITHUB_STEP_SUMMARY"
MOST = 1024 * 1024  # bytes


def add(run: Path, environ: Mapping[str, str] = os.environ) -> list[str]:
    """Add `summary.md` of a run to the file; return a line for each fault. Raises nothing."""
    path = environ.get(VARIABLE, "")
    if not path or environ.get("CI_RUN_ID"):
        return []
    try:
        text = files.read(run / "summary.md", MOST)
        flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT
        with os.fdopen(files.open_file(Path(path), flags), "ab") as file:
            file.write(text)
    except OSError as error:
        return [f"the summary of the step ({VARIABLE}) is not written: {error}"]
    return []
