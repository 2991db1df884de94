"""Runs one command that installs dependencies, with its output in a log."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from lib.common import files
from lib.processes import command


class LockcheckError(Exception):
    """A step of the rebuild failed; the message names the step, its end and its log."""


@dataclass(frozen=True)
class InstallStep:
    """A command, its directory, its environment, and the log that gets its output at the end."""

    argv: Sequence[str]
    cwd: Path
    env: Mapping[str, str]
    log: Path

    def __str__(self) -> str:
        return " ".join(self.argv)

    def run(self, timeout: float) -> None:
        """Run it for so many seconds at most. Raises LockcheckError unless it exits with 0."""
        name, *arguments = self.argv
        program = shutil.which(name, path=self.env["PATH"])
        if not program:
            raise LockcheckError(f"{self}: expected {name} on PATH, found none: install it")
        self.log.parent.mkdir(parents=True, exist_ok=True)
        try:
            with os.fdopen(self._open_log(), "ab") as log:
                log.write(os.fsencode(f"$ {self}\n"))
                log.flush()
                argv = [program, *arguments]
                done = command.run(argv, cwd=self.cwd, env=self.env, timeout=timeout, log=log)
        except subprocess.TimeoutExpired as error:
            raise LockcheckError(
                f"{self}: expected it done in {timeout:g} s, it was not: see {self.log}"
            ) from error
        except OSError as error:
            raise LockcheckError(f"{self}: {error}") from error
        if done.code != 0:
            raise LockcheckError(f"{self}: expected exit code 0, found {done.code}: see {self.log}")

    def _open_log(self) -> int:
        with contextlib.suppress(files.NotAFileError, FileNotFoundError):
            return files.open_file(self.log, os.O_WRONLY | os.O_APPEND)
        return files.begin(self.log)
