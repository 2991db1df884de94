"""Asks the command of a cache for its key. Knows no store and no artifact."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from lib.common import inherited_environment
from lib.model import bash_command
from lib.model.attempt_outcome import describe
from lib.processes import command

KEY_TIMEOUT = 60.0  # seconds for the key command


class CacheError(Exception):
    """A cache cannot answer, or cannot store; the message says why."""


class NoKeyError(CacheError):
    """There is no key; `said` is the whole stderr of the key command."""

    def __init__(self, why: str, said: str = "") -> None:
        super().__init__(f"no cache key: its key command {why}")
        self.said = said


class UnusableError(CacheError):
    """Nothing can be restored nor stored: the artifact or the store is of the wrong kind."""


def ask(key_cmd: str | Sequence[str], cwd: str | Path | None, env: Mapping[str, str]) -> str:
    """Run the command and return its stripped output. Raises NoKeyError.

    `cwd` None is the working directory.
    """
    argv = bash_command.argv(key_cmd) if isinstance(key_cmd, str) else key_cmd
    try:
        base = Path(cwd or "").absolute()
        done = command.run(argv, cwd=base, env={**env, "PWD": str(base)}, timeout=KEY_TIMEOUT)
    except subprocess.TimeoutExpired as error:
        raise NoKeyError(f"took more than {KEY_TIMEOUT:g} s") from error
    except (OSError, ValueError) as error:
        raise NoKeyError(f"could not be started: {error}") from error
    key = done.output.strip()
    if done.code != 0:
        last = "".join(done.errors.strip().splitlines()[-1:]) or "it said nothing"
        raise NoKeyError(f"ended with {describe(done.code)}: {last}", done.errors)
    for line in filter(bash_command.OPEN_DOCUMENT.search, done.errors.splitlines()):
        raise NoKeyError(f"has not run to its end: {line}", done.errors)
    if not key:
        raise NoKeyError("printed nothing", done.errors)
    try:
        return os.fsencode(key).decode()  # keys that are no text would be mixed up
    except UnicodeDecodeError as error:
        raise NoKeyError("printed something that is no UTF-8") from error


def callers_environment() -> dict[str, str]:
    """Return the environment of a key command outside of a pipeline."""
    return inherited_environment.without(os.environ, os.environ)
