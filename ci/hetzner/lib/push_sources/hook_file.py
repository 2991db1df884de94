"""Makes a bare repository whose pushed branches are queued: its hook, and the repository itself."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path

from lib.common import files
from lib.git.git_command import git

NAME = "hooks/post-receive"
OURS = "# made by `queue hook --install`"


def install(repository: Path, state_dir: Path, command: Sequence[str]) -> None:
    """Put the hook into a repository, which is made if there is none; a second time renews it.

    `command` is the program, and the words before `hook`. Raises FileExistsError if another hook is
    there, CheckoutError, OSError.
    """
    if not repository.exists():
        repository.parent.mkdir(parents=True, exist_ok=True)
        git(repository.parent, "init", "--quiet", "--bare", "--", str(repository))
    remedy = f"name a bare repository, or a directory to make, in place of {repository}"
    top = Path(git(repository, "rev-parse", "--absolute-git-dir", remedy=remedy))
    hook = top / NAME
    if os.path.lexists(hook) and OURS not in files.read(hook).decode(errors="replace"):
        raise FileExistsError(
            f"{hook}: expected no hook, found another one: call `{shlex.join(command)} hook` in "
            "it with the same standard input"
        )
    git(top, "config", "receive.advertisePushOptions", "true")  # for `git push -o wait`
    hook.parent.mkdir(exist_ok=True)
    files.atomic_write(hook, script(state_dir, command), 0o755)


def script(state_dir: Path, command: Sequence[str]) -> str:
    """Return the hook."""
    words = ["exec", "env", f"CI_STATE_DIR={state_dir}", *command, "hook"]
    return f"#!/bin/sh\n{OURS}: queues each pushed branch\n{shlex.join(words)}\n"
