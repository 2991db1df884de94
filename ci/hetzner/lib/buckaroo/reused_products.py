"""Brings the outputs of jobs that a run leaves out, if they are of the very same tree.

A checkout removes uncommitted files, and the work directory outlives a run. So an earlier output is
either gone, or may be of another commit: a green run on that would be false. Outputs of another
tree are removed.
"""

from __future__ import annotations

import contextlib
import os
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path

from lib.buckaroo import settings, wheels
from lib.buckaroo.settings import Settings
from lib.common import files, tree_copy
from lib.model import selection
from lib.model.job import Job
from lib.model.selection import Choice
from lib.processes import command
from lib.processes.cache_protocol import CacheRequest

CACHE_PATIENCE = 300.0  # seconds to restore one artifact


def left_out(table: Sequence[Job], chosen: Choice) -> list[Job]:
    """Return the jobs that do not run, but whose outputs the others expect."""
    plan = selection.plan(table, chosen, {})
    names = {output.partition(":")[0] for node in plan.phases.nodes for output, _ in node.expects}
    return [job for job in table if job.name in names]


class Products:
    """The outputs of one run on `tree`; `of` names its commit, and whether it runs in place."""

    def __init__(self, config: Settings, tree: Path, of: str, say: Callable[[str], None]) -> None:
        self._config = config
        self._tree = tree
        self._of = of
        self._say = say
        self._wheel = config.work_dir / "wheel"
        self._stamp = config.work_dir / "wheel-of"

    def drop_others(self) -> None:
        """Remove a wheel that was made from another tree: no job may test it. Raises OSError."""
        if self._stamped() != self._of.encode():
            tree_copy.remove(self._wheel)
            files.atomic_write(self._stamp, self._of)

    def _stamped(self) -> bytes:
        with contextlib.suppress(FileNotFoundError, files.NotAFileError):
            return files.read(self._stamp)
        return b""

    def bring_wheel(self, sha: str) -> str:
        """Bring the wheel that was kept of a commit; return the reason if there is none, or ''."""
        tree_copy.remove(self._wheel)
        files.atomic_write(self._stamp, sha)
        return wheels.fetch_wheel(self._config, sha)

    def bring(self, job: Job) -> None:
        """Bring the outputs of a job from this tree, if they were kept. Raises Interrupted.

        A job that expects a missing one fails by name.
        """
        if job.cache is not None:
            self._restore(job)
        elif job.name == "build-wheel" and self._wheel.exists():
            self._say(f"NOTE  the wheel is that of an earlier run on {self._of}")
        elif job.name == "build-wheel" and not wheels.fetch_wheel(self._config, self._of):
            self._say(f"NOTE  the wheel is the one that was kept of {self._of}")

    def _restore(self, job: Job) -> None:
        """Restore the artifact of a job that a checkout has removed."""
        if all((self._tree / path).exists() for path in job.outputs.values()):
            return  # in place: the developer made them
        env = {**settings.job_environment(self._config, os.environ), **job.env}
        with contextlib.closing(CacheRequest(job, env, "restore")) as asked:
            try:
                done = command.run(
                    asked.command,
                    cwd=self._tree,
                    env=asked.env,
                    timeout=CACHE_PATIENCE,
                    keep=[asked.handle],
                )
            except subprocess.TimeoutExpired:
                self._say(f"NOTE  {job.name} is left out, and its cache takes too long")
                return
            note = asked.answer().note
        if done.code == 0:
            said, _, _ = done.output.partition("\n")
            self._say(f"NOTE  {job.name} is left out: {said}")
        elif note:
            self._say(f"NOTE  {job.name} is left out: {note}")
