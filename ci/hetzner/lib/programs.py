"""Looks programs up where a job will be: on its PATH, and from its directory. Starts nothing."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path


def find(name: str, env: Mapping[str, str], cwd: Path) -> str | None:
    """Return where a process with this environment and directory finds a program, None if nowhere.

    Relative entries of PATH count from its directory, as an empty one does (POSIX, Environment
    Variables); so does a name with a slash, which is not looked up on PATH at all (execvp(3)).
    """
    import shutil  # late: it takes a millisecond, and many pipelines require nothing

    if "/" in name:
        return shutil.which(cwd / name)
    entries = env.get("PATH", os.defpath).split(os.pathsep)
    return shutil.which(name, path=os.pathsep.join(str(cwd / entry) for entry in entries))
