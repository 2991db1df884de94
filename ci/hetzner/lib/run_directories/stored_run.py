"""A run in a store, as its directory tells it. Reads when it is asked, and survives damage."""

from __future__ import annotations

import errno
import fcntl
import functools
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.common import files
from lib.run_directories.log_directory import LOCK, WITHOUT_LOCKS
from lib.run_directories.run_name import RunName

RUNNING, PASSED, FAILED, CUT_OFF, UNKNOWN = "running", "passed", "failed", "cut off", "unknown"


class StoredRun:
    """One run: `name` and `path` of its directory.

    What its files say is read once, at the first question. A summary of more than `largest` bytes
    says nothing.
    """

    def __init__(self, path: Path, name: RunName, largest: int = files.LARGEST) -> None:
        self.path = path
        self.largest = largest
        self.key = name  # compares by age
        self.name = path.name

    def __repr__(self) -> str:
        return f"StoredRun({self.name!r})"

    @property
    def started(self) -> float:
        """The time of its start, in seconds since the epoch."""
        return self.key.started

    @property
    def live(self) -> bool:
        """Whether a process holds its lock now.

        On a file system without locks, or if a job has removed the lock: whether its summary says
        that it runs, and the process that it names lives.
        """
        try:
            handle = files.open_file(self.path / LOCK, os.O_RDONLY)
        except OSError:
            return self._runner_lives()
        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        except OSError as error:
            return error.errno in (*WITHOUT_LOCKS, errno.EBADF) and self._runner_lives()
        finally:
            os.close(handle)
        return False

    def _runner_lives(self) -> bool:
        if self.summary.get("state") != RUNNING:
            return False
        from lib.processes import process_table  # late: few runs have no lock

        run = self.summary.get("run")
        return isinstance(run, str) and process_table.driver_lives(process_table.table(), run)

    @functools.cached_property
    def summary(self) -> Mapping[str, Any]:
        """The fields of summary.json; {} if it cannot be read."""
        from lib.common import json_text  # late: who lists names does not need it

        try:
            found = json_text.parse(files.read(self.path / "summary.json", self.largest))
        except (OSError, ValueError):
            return {}
        return found if isinstance(found, dict) else {}

    @property
    def state(self) -> str:
        """`running`, `passed`, `failed`, `cut off` (its runner was killed) or `unknown`."""
        if self.live:
            return RUNNING
        if not self.summary:
            return UNKNOWN
        code = self.summary.get("exit_code")
        if isinstance(code, int):
            return FAILED if code else PASSED
        return CUT_OFF

    @property
    def whole(self) -> bool:
        """Whether all jobs were selected, with all of their test cases."""
        return self.summary.get("whole") is True

    @property
    def sha(self) -> str:
        """The commit that it tested, as its summary has it; '' if unknown."""
        return str(self.summary.get("sha") or "")

    @property
    def branch(self) -> str:
        """The branch of the commit, '' if unknown."""
        return str(self.summary.get("branch") or "")

    @property
    def speaks_for_commit(self) -> bool:
        """Whether it was asked for everything, on the commit as it is.

        A run in a user's own tree is not: that may have other files. Of a library's run that knows
        nothing of its tree, the commit is the word of its caller.
        """
        told = self.summary
        elsewhere = told.get("in_place") is True or told.get("dirty") is True
        return self.asked_for_all and not elsewhere

    @property
    def asked_for_all(self) -> bool:
        """Whether it was asked for all jobs, with all of their test cases."""
        told = self.summary  # before 0.4.0 there was only `whole`
        return told.get("asked_for_all", told.get("whole")) is True
