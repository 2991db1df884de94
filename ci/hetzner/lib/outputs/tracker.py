"""Tracks the promised outputs of running attempts: their state before, and new ones since.

Knows no process and decides nothing: the executor asks it, and it asks the file system.
"""

from __future__ import annotations

import math
import time
from collections.abc import Sequence
from pathlib import Path

from lib.outputs import near_misses, written
from lib.outputs.inotify import make_watch
from lib.scheduler.protocol import StartError, Step, StepKind, Wrote


class OutputTracker:
    """One for all attempts of a run; `close` must be called."""

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._watch = make_watch()
        self._before: dict[str, dict[str, written.Signature | None]] = {}  # by node
        # by job: the artifact of its cache before the body
        self._kept: dict[str, written.Signature | None] = {}
        self._since: dict[str, int] = {}  # by node: when its step began, in ns
        self._awaited: dict[tuple[str, str], Step] = {}  # by node and output

    def check_expected(self, step: Step) -> None:
        """Raise StartError if an output is missing that no job of this run will write."""
        for output, path in step.node.expects:
            if not written.place(self._cwd, path).exists():
                raise StartError(
                    f"output {output} ({path}) is not there: its job does not run this time, "
                    "and nothing of an earlier run is there; run it as well"
                )

    def note(self, step: Step) -> None:
        """Record the state of the outputs at the start of a step.

        So files of a cache that restored too little do not count as written by the body. Waits for
        a moment if a file was only just written.
        """
        self._note_artifact(step)
        if not step.node.job.outputs or step.kind is StepKind.STORE:
            return
        self._since[step.node.key] = near_misses.now()
        before = {
            output: written.signature(self._path(step, output)) for output in step.node.job.outputs
        }
        if any(map(written.is_fresh, before.values())):
            time.sleep(written.TICK)  # or a rewrite in place might look the same
        self._before[step.node.key] = before

    def _note_artifact(self, step: Step) -> None:
        """Record the state of a cache's artifact before the first attempt of the run."""
        job = step.node.job
        if job.cache is None or step.kind is not StepKind.BODY or job.name in self._kept:
            return
        self._kept[job.name] = written.signature(Path(job.cache.place(str(self._cwd))))
        if written.is_fresh(self._kept[job.name]):
            time.sleep(written.TICK)

    def left_alone(self, step: Step) -> bool:
        """Whether a cache's artifact is known to be the same as before its job began."""
        cache, before = step.node.job.cache, self._kept.get(step.node.job.name)
        if cache is None or not before or len(before) > written.MOST_ENTRIES:
            return False
        path = Path(cache.place(str(self._cwd)))
        return bool(written.signature(path)) and not written.written_since(before, path)

    def follow(self, step: Step) -> None:
        """Watch the outputs that others wait for. Raises OSError."""
        for output in step.watch:
            token = (step.node.key, output)
            self._awaited[token] = step
            self._watch.add(token, self._path(step, output))

    def leave(self, step: Step) -> None:
        """Watch the outputs of a step no more."""
        for output in step.watch:
            token = (step.node.key, output)
            self._awaited.pop(token, None)
            self._watch.remove(token)

    def fileno(self) -> int | None:
        """Return a descriptor that is readable when `written` has news, if there is one."""
        return self._watch.fileno()

    def interval(self) -> float:
        """Return the seconds until `written` should be called in any case."""
        return self._watch.interval() if self._awaited else math.inf

    def written(self) -> list[Wrote]:
        """Return the new ones of the watched outputs, each once."""
        reports = []
        for token in self._watch.read():
            key, output = token
            step = self._awaited.get(token)
            if step is not None and self._is_written(step, output):
                del self._awaited[token]
                reports.append(Wrote(key, output))
        return reports

    def awaits(self, step: Step) -> bool:
        """Whether a job waits for an output of this attempt that was not written yet."""
        return any((step.node.key, output) in self._awaited for output in step.watch)

    def missing(self, step: Step) -> tuple[str, ...]:
        """Return the outputs that were not written since the step began, or are gone again."""
        outputs = step.node.job.outputs
        return tuple(o for o in outputs if not self._is_written(step, o)) if outputs else ()

    def near(self, step: Step, missing: Sequence[str], but: Path) -> str:
        """Return hints for missing outputs, without the directory `but`. Raises OSError."""
        since, given = self._since[step.node.key], step.node.job.outputs
        found = [near_misses.hint(self._cwd, given[output], since, [but]) for output in missing[:3]]
        return "; ".join(dict.fromkeys(filter(None, found)))

    def close(self) -> None:
        """Close the watch."""
        self._watch.close()

    def _is_written(self, step: Step, output: str) -> bool:
        before = self._before[step.node.key][output]
        return written.written_since(before, self._path(step, output))

    def _path(self, step: Step, output: str) -> Path:
        return written.place(self._cwd, step.node.job.outputs[output])
