"""pipeline.py, and a look at its tree: names the jobs that change more than their outputs.

Jobs read one tree side by side, so a job may change only its outputs there. `tree_watch.py` is
called as pipeline.py is. The tree is looked at whenever a job starts or ends; a change is that of
the jobs that ran since the last look: with `-j 1`, or with a job alone, of exactly one. Looked at
are names, types, sizes, inodes and the time of the last change of any kind (inode(7), ctime),
so that a rewrite with equal contents counts, and what came and went shows in its directory.
With `--uncached=JOB` before all other words the cache of this job does not answer, nor keep.
Exit code: the pipeline's, else 1 if there was such a change.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from unittest import mock

HERE = Path(__file__).resolve().parents[2]
sys.path[0] = str(HERE)

import pipeline  # noqa: E402
from lib.buckaroo.node_modules import NODE_MODULES  # noqa: E402
from lib.commit import commit_run  # noqa: E402
from lib.common import program_end  # noqa: E402
from lib.model import events  # noqa: E402
from lib.model.job import Job  # noqa: E402

# not of the commit: git's own files, and those that the job node-modules installs (a body does so
# once if that was not done, and never while they match the lock file)
APART = {".git", "node_modules"}
UNCACHED = "--uncached="
Look = Mapping[str, tuple[int, ...]]


class TreeWatch:
    """A listener; `changes` are the paths that were changed without a promise, with the jobs."""

    def __init__(self, tree: Path, table: Sequence[Job]) -> None:
        self._tree = tree
        self._promised = {job.name: [Path(path) for path in job.outputs.values()] for job in table}
        # what is in them is apart, but they appear in directories of the commit
        self._promised["node-modules"] = [Path(path) for path in NODE_MODULES]
        self._running: set[str] = set()
        self._last = look(tree)
        self.changes: dict[str, set[str]] = {}

    def __call__(self, event: events.Event) -> None:
        """Look whenever a job starts or ends."""
        if isinstance(event, (events.Started, events.Finished)):
            self._running.add(event.job)
            self._compare()
        if isinstance(event, events.Finished):
            self._running.discard(event.job)

    def _compare(self) -> None:
        now = look(self._tree)
        promised = [path for job in self._running for path in self._promised.get(job, ())]
        for name in changed(self._last, now):
            if not _covered(Path(name), promised):
                self.changes.setdefault(name, set()).update(self._running)
        self._last = now

    def lines(self) -> list[str]:
        """Return a line for each change."""
        return [
            f"TREE WATCH {' or '.join(sorted(jobs))} changed {name}, and does not promise it"
            for name, jobs in sorted(self.changes.items())
        ]


def look(tree: Path) -> Look:
    """Return what tells a change of each file and directory of a tree."""
    found: dict[str, tuple[int, ...]] = {}
    for directory, names, files in os.walk(tree):
        names[:] = [name for name in names if name not in APART]
        for path in [directory, *(os.path.join(directory, name) for name in files)]:  # noqa: PTH118
            try:
                seen = os.lstat(path)
            except FileNotFoundError:  # it goes while we look
                continue
            relative = os.path.relpath(path, tree)
            found[relative] = (seen.st_mode, seen.st_size, seen.st_ino, seen.st_ctime_ns)
    return found


def changed(before: Look, after: Look) -> list[str]:
    """Return the paths that differ; a directory if only its own entry does, but for a new name."""
    differ = {name for name in before.keys() | after.keys() if before.get(name) != after.get(name)}
    # what explains the change of its directory is named itself
    explained = {str(Path(n).parent) for n in differ if (n in before) != (n in after)}
    return sorted(differ - explained)


def _covered(path: Path, promised: Iterable[Path]) -> bool:
    """Whether a path is promised, in a promised directory, or the directory that holds one."""
    return any(path == each.parent or path == each or each in path.parents for each in promised)


def main(arguments: Sequence[str]) -> int:
    """Run the pipeline with a watch; see the module."""
    uncached = ""
    if arguments and arguments[0].startswith(UNCACHED):
        uncached, arguments = arguments[0].removeprefix(UNCACHED), arguments[1:]
    watches: list[TreeWatch] = []
    table: list[Job] = []
    make_table, listeners = pipeline.job_table, commit_run.CommitRun.listeners

    def keep_table(*given: object, **named: object) -> list[Job]:
        made = make_table(*given, **named)  # type: ignore[arg-type]
        table[:] = [job.but(cache=None) if job.name == uncached else job for job in made]
        return list(table)

    def listen(
        run: commit_run.CommitRun, groups: Mapping[str, Collection[str]]
    ) -> list[events.Listener]:
        watches.append(TreeWatch(run.commit.tree, table))
        return [*listeners(run, groups), watches[-1]]

    with (
        mock.patch.object(pipeline, "job_table", keep_table),
        mock.patch.object(commit_run.CommitRun, "listeners", listen),
    ):
        code = pipeline.main(arguments)
    lines = [line for watch in watches for line in watch.lines()]
    print("\n".join(lines or ["TREE WATCH only promised outputs have changed"]))
    return code or int(bool(lines))


if __name__ == "__main__":
    program_end.run(main)
