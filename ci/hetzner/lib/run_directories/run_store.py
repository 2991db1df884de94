"""A store of runs: a directory each below `runs/`, and `logs/<sha>`, a link to one of a commit.

Starting a run lists no directory: it costs the same after thousands of runs.
"""

from __future__ import annotations

import contextlib
import difflib
import os
import re
import time
from collections.abc import Iterator
from pathlib import Path

from lib.common import files, locks
from lib.run_directories import commit_links, log_directory, run_name
from lib.run_directories.log_directory import OwnedDirectory
from lib.run_directories.stored_run import StoredRun

LAST = "last"
TRIES = 10_000  # runs of one commit that begin in one second
DIGITS = re.compile(r"[0-9a-f]{4,64}")  # the beginning of a commit
PATIENCE = 5.0  # seconds for the lock of a new directory, which a look at it holds for a moment


class RunStore:
    """The runs below a directory, which need not exist yet.

    A summary of more than `largest` bytes says nothing of its run.
    """

    def __init__(self, directory: Path, largest: int = files.LARGEST) -> None:
        self.directory = directory
        self._largest = largest
        self._runs = directory / run_name.RUNS

    @contextlib.contextmanager
    def begin(self, sha: str, label: str) -> Iterator[OwnedDirectory]:
        """Make the directory of a new run, and own it. Raises OSError.

        `label` is the name of this run for others.
        """
        path = self._make(sha)
        with log_directory.owned(path, label, timeout=PATIENCE) as owned:
            yield owned

    def _make(self, sha: str) -> Path:
        self._runs.mkdir(parents=True, exist_ok=True)
        now = time.time()
        for number in range(1, TRIES):
            path = self._runs / str(run_name.of(sha, now, number))
            with contextlib.suppress(FileExistsError):
                path.mkdir()
                return path
        raise FileExistsError(f"{self._runs}: no name for a run of {sha} is free: run again")

    def publish(self, run: Path, sha: str, *, whole: bool) -> None:
        """Let `logs/<sha>` lead to this run, unless it leads to one that speaks for more.

        To be called once its summary says that it runs. `whole`: it was asked for everything. A
        link that cannot be made is none: a view stops no run.
        """
        name = run_name.parse(run.name)
        if name is None or not run_name.COMMIT.fullmatch(sha):
            return
        with contextlib.suppress(OSError, locks.LockTimeoutError):
            commit_links.publish(self.directory, StoredRun(run, name), sha, whole=whole)

    def runs(self) -> list[StoredRun]:
        """Return all runs, the newest first; none where there is no store. Raises OSError."""
        found = []
        with contextlib.suppress(FileNotFoundError), os.scandir(self._runs) as entries:
            for entry in entries:
                name = run_name.parse(entry.name)
                if name is not None and entry.is_dir(follow_symlinks=False):
                    found.append(StoredRun(self._runs / entry.name, name, self._largest))
        return sorted(found, key=lambda run: run.key, reverse=True)

    def find(self, word: str) -> StoredRun:
        """Return the run that a word names: its name, the beginning of it, a commit, or `last`.

        A commit (4 digits or more) stands for the run that `logs/<sha>` leads to. Raises
        LookupError, which names those that come near, and OSError.
        """
        all_runs = self.runs()
        if not all_runs:
            raise LookupError(f"expected a run, found none in {self._runs}: run something first")
        if word == LAST:
            return all_runs[0]
        if exact := [run for run in all_runs if run.name == word]:
            return exact[0]
        if DIGITS.fullmatch(word) and (found := self._of_commit(word, all_runs)):
            return found
        begins = [run for run in all_runs if word and run.name.startswith(word)]
        if len(begins) == 1:
            return begins[0]
        raise LookupError(
            _not_found(word, [run.name for run in begins or all_runs], several=bool(begins))
        )

    def _of_commit(self, word: str, all_runs: list[StoredRun]) -> StoredRun | None:
        """Return the run that speaks for a commit. Raises LookupError if it may be several."""
        short = word[: run_name.SHORT]
        found = [run for run in all_runs if run.key.commit.startswith(short)]
        if len(word) > run_name.SHORT:
            found = [run for run in found if run.sha.startswith(word)]
        commits = {run.sha or run.key.commit for run in found}
        if len(commits) > 1:
            names = [run.name for run in found]
            raise LookupError(_not_found(word, names, several=True))
        if not found:
            return None
        linked = commit_links.target(self.directory, found[0].sha)
        return next((run for run in found if linked and run.name == linked), found[0])


def _not_found(word: str, names: list[str], *, several: bool) -> str:
    if several:
        shown = ", ".join(names[:5]) + (", …" if len(names) > 5 else "")
        return f"expected one run, found {len(names)} that {word!r} may mean: {shown}"
    near = difflib.get_close_matches(word, [*names, LAST], n=3, cutoff=0.3) or [names[0]]
    return f"expected a run, a commit or '{LAST}', found {word!r}; the nearest: {', '.join(near)}"
