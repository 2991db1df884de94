"""What the running attempts promised to write: what was there before, and what has come since.

Knows no process and decides nothing: the executor asks it, and it asks the file system.
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from pathlib import Path

from lib.outputs import hints as nearby
from lib.outputs import signature
from lib.outputs.inotify import make_watch
from lib.scheduler.protocol import Attempt, StartError, Step, Wrote


class Promises:
    """One for all attempts of a run; `close` must be called."""

    def __init__(self, cwd: Path) -> None:
        self._cwd = cwd
        self._watch = make_watch()
        self._before: dict[str, dict[str, signature.Signature | None]] = {}  # by node
        self._kept: dict[
            str, signature.Signature | None
        ] = {}  # by job: its artifact before the body
        self._since: dict[str, int] = {}  # by node: when its step began, in ns
        self._awaited: dict[tuple[str, str], Attempt] = {}  # by node and output

    def check_expected(self, attempt: Attempt) -> None:
        """Raise StartError if something is not there that no job of this run will write."""
        for output, path in attempt.node.expects:
            if not signature.place(self._cwd, path).exists():
                raise StartError(
                    f"output {output} ({path}) is not there: its job does not run this time, "
                    "and nothing of an earlier run is there; run it as well"
                )

    def note(self, attempt: Attempt) -> None:
        """Remember what the outputs are now that a step begins which is to write them.

        What a cache left that restored too little was not written by the body. Waits for a moment
        if something is there that is only just written.
        """
        self._note_artifact(attempt)
        if not attempt.node.job.outputs or attempt.step is Step.STORE:
            return
        self._since[attempt.node.key] = nearby.now()
        before = {
            output: signature.signature(self._path(attempt, output))
            for output in attempt.node.job.outputs
        }
        if any(map(signature.is_fresh, before.values())):
            time.sleep(signature.TICK)  # or a rewrite in place might look like what is there
        self._before[attempt.node.key] = before

    def _note_artifact(self, attempt: Attempt) -> None:
        """Remember what a cache would keep before the first attempt of the run has written it."""
        job = attempt.node.job
        if job.cache is None or attempt.step is not Step.BODY or job.name in self._kept:
            return
        self._kept[job.name] = signature.signature(Path(job.cache.place(str(self._cwd))))
        if signature.is_fresh(self._kept[job.name]):
            time.sleep(signature.TICK)

    def left_alone(self, attempt: Attempt) -> bool:
        """Whether what a cache would keep is known to be what it was before its job began."""
        cache, before = attempt.node.job.cache, self._kept.get(attempt.node.job.name)
        if cache is None or not before or len(before) > signature.MOST_ENTRIES:
            return False
        path = Path(cache.place(str(self._cwd)))
        return bool(signature.signature(path)) and not signature.written_since(before, path)

    def follow(self, attempt: Attempt) -> None:
        """Tell from now on when what others wait for is written. Raises OSError."""
        for output in attempt.watch:
            token = (attempt.node.key, output)
            self._awaited[token] = attempt
            self._watch.add(token, self._path(attempt, output))

    def leave(self, attempt: Attempt) -> None:
        """Tell of it no more."""
        for output in attempt.watch:
            token = (attempt.node.key, output)
            self._awaited.pop(token, None)
            self._watch.remove(token)

    def fileno(self) -> int | None:
        """Return a descriptor that is readable when `written` should be asked, if there is one."""
        return self._watch.fileno()

    def interval(self) -> float:
        """Return the seconds until it should be asked even so."""
        return self._watch.interval()

    def written(self) -> list[Wrote]:
        """Return what has come of what is followed, each once."""
        told = []
        for token in self._watch.read():
            key, output = token
            attempt = self._awaited.get(token)
            if attempt is not None and self._is_written(attempt, output):
                del self._awaited[token]
                told.append(Wrote(key, output))
        return told

    def awaits(self, attempt: Attempt) -> bool:
        """Whether somebody waits for an output of this attempt that has not come."""
        return any((attempt.node.key, output) in self._awaited for output in attempt.watch)

    def missing(self, attempt: Attempt) -> tuple[str, ...]:
        """Return the outputs that were not written since the step began, or are gone again."""
        return tuple(o for o in attempt.node.job.outputs if not self._is_written(attempt, o))

    def near(self, attempt: Attempt, missing: Sequence[str], but: Path) -> str:
        """Return what is near outputs that are missing, `but` a directory. Raises OSError."""
        since, given = self._since[attempt.node.key], attempt.node.job.outputs
        hints = [nearby.hint(self._cwd, given[output], since, [but]) for output in missing[:3]]
        return "; ".join(dict.fromkeys(filter(None, hints)))

    def close(self) -> None:
        """Let go of everything."""
        self._watch.close()

    def _is_written(self, attempt: Attempt, output: str) -> bool:
        before = self._before[attempt.node.key][output]
        return signature.written_since(before, self._path(attempt, output))

    def _path(self, attempt: Attempt, output: str) -> Path:
        return signature.place(self._cwd, attempt.node.job.outputs[output])
