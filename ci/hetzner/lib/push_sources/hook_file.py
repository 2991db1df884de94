"""Makes a bare repository whose pushed branches are queued: its hook, and the repository itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from lib.common import files
from lib.git.git_command import git

NAME = "hooks/post-receive"
REMEDY = "name a bare repository, or a directory to make"
OURS = "# made by `queue hook --install`"


def install(repository: Path, command: Sequence[str]) -> Path:
    """Put the hook into a repository, which is made if there is none; a second time renews it.

    `command` is what the hook calls. Returns the hook. Raises FileExistsError if another one is
    there, ValueError for a directory that is no bare repository, CheckoutError, OSError.
    """
    if not repository.exists():
        repository.parent.mkdir(parents=True, exist_ok=True)
        git(repository.parent, "init", "--quiet", "--bare", "--", str(repository))
    top = Path(git(repository, "rev-parse", "--absolute-git-dir", remedy=REMEDY))
    if top != repository.resolve():  # it is in a checkout, whose hook is another matter
        raise ValueError(f"{repository}: expected a bare repository, found none; {REMEDY}")
    hook = top / NAME
    if os.path.lexists(hook) and OURS not in files.read(hook).decode(errors="replace"):
        raise FileExistsError(
            f"{hook}: expected no hook, found another one: move it away, or let it call "
            f"`{shlex.join(command)}` with its standard input"
        )
    git(top, "config", "receive.advertisePushOptions", "true")  # for `git push -o wait`
    hook.parent.mkdir(exist_ok=True)
    text = f"#!/bin/sh\n{OURS}: queues each pushed branch\nexec {shlex.join(command)}\n"
    files.atomic_write(hook, text, 0o755)
    return hook
