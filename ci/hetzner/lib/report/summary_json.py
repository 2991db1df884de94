"""summary.json: a run for programs, from its first second on.

Its fields are explained in `docs/summary.md`. While the run goes on it has no exit code: the file
of a killed run is no verdict, neither on it nor on the run before.
"""

from __future__ import annotations

import errno
import itertools
import os
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from lib.common import files, version
from lib.common.masked import masked
from lib.model.result import Load, Result

SCHEMA = 1
MOST_TESTS = 100  # names of failed test cases of a job
RUNNING, ENDED = "running", "ended"


class SummaryFile:
    """The summary.json of one run; `header` are the fields that stay the same from its start on."""

    def __init__(
        self, log_dir: Path, header: Mapping[str, object], redact: Callable[[str], str] = str
    ) -> None:
        self.path = log_dir / "summary.json"
        self._log_dir = log_dir
        self._header = dict(header)
        self._redact = redact
        self._began = time.time()

    def begin(self, results: Sequence[Result]) -> None:
        """Replace the summary of the run before. Raises OSError.

        Only if that run was cut off, it looks for files that it has half written: there may be
        thousands of logs beside them.
        """
        if _is_cut_off(self.path):
            files.sweep(self._log_dir)
        if files.another_kind(self.path):
            files.rotate(self.path)
        try:
            self.write(results, {}, None, 0.0)
        except OSError:
            self.path.unlink(missing_ok=True)
            raise

    def add(self, name: str, value: object) -> None:
        """Add a field, to be written from now on."""
        self._header[name] = value

    def write(
        self, results: Sequence[Result], logged: Mapping[str, int], code: int | None, seconds: float
    ) -> None:
        """Write it whole or not at all, with redacted texts. Raises OSError.

        `logged` are the jobs whose log is of this run, with the bytes that are left out of it.
        `code` is None until the run has ended.
        """
        started = time.strftime("%Y-%m-%dT%H:%M:%S%z", time.localtime(self._began))
        fields = {
            "schema": SCHEMA,
            "state": RUNNING if code is None else ENDED,
            "runner": version.full(),
            "pid": os.getpid(),
            **self._header,
            "exit_code": code,
            "started_at": started,
            "seconds": seconds,
        }
        logs = {name: (f"{self._log_dir}/{name}.log", cut) for name, cut in logged.items()}
        jobs = [
            masked(_job(result, *logs.get(result.name, (None, 0))), self._redact)
            for result in results
        ]
        text = _laid_out(masked(fields, self._redact), jobs)
        files.atomic_write(self.path, text, durable=code is not None, sweeps=False)


def end(path: Path, code: int, seconds: float) -> None:
    """Write the end, the exit code and the length of the run into an existing summary.

    If that fails, none is left. Raises OSError.
    """
    from lib.common import json_text  # late: see _laid_out

    try:
        fields = json_text.parse(files.read(path))
        jobs = fields.pop("jobs")
        text = _laid_out({**fields, "state": ENDED, "exit_code": code, "seconds": seconds}, jobs)
        files.atomic_write(path, text, sweeps=False)
    except (OSError, ValueError, KeyError, AttributeError, TypeError) as error:
        path.unlink(missing_ok=True)  # it would be wrong
        raise OSError(errno.EIO, f"its exit code cannot become {code}: {error}") from error


def _is_cut_off(summary: Path) -> bool:
    """Whether a summary says that its run goes on, or cannot be read."""
    try:
        return f'"state": "{RUNNING}"'.encode() in files.read(summary)
    except OSError:
        return True


def _laid_out(fields: object, jobs: Sequence[object]) -> str:
    import json  # late: it takes a millisecond, which no start has to wait for

    # a line a job, and not json's own indentation, which is written in Python and slow
    lines = ",\n".join([f"    {json.dumps(job)}" for job in jobs])
    return f'{json.dumps(fields, indent=2)[:-2]},\n  "jobs": [\n{lines}\n  ]\n}}\n'


def _job(result: Result, log: str | None, left_out: int) -> dict[str, object]:
    return {
        "name": result.name,
        "outcome": str(result.outcome) if result.outcome else None,
        "acceptable": result.acceptable,
        "allowed_to_fail": result.allowed,
        "cause": str(result.cause),
        "reason": result.reason,
        "log": log or (result.earlier.log if result.earlier else "") or None,
        "restored_from": (result.earlier.run if result.earlier else "") or None,
        "log_left_out": left_out,
        "failed_tests": list(itertools.islice(result.failed_tests, MOST_TESTS)),
        "failed_tests_left_out": max(0, len(result.failed_tests) - MOST_TESTS),
        "cache": str(result.cache) if result.cache else None,
        "waited_for": result.waited_for,
        "started": result.started,
        "ended": result.ended,
        "duration": result.duration,
        "attempts": [
            {
                "number": attempt.number,
                "outcome": str(attempt.outcome),
                "exit_code": attempt.code,
                "started": attempt.started,
                "ended": attempt.ended,
                "cause": str(attempt.cause),
                "reason": attempt.reason,
                "leaked": list(attempt.leaked),
                "load": _load(attempt.load),
            }
            for attempt in result.attempts
        ],
    }


def _load(load: Load | None) -> dict[str, float | None] | None:
    if load is None:
        return None
    return {
        "average": load.average,
        "cpu_pressure": load.cpu,
        "memory_pressure": load.memory,
    }
