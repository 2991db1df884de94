"""Records a run in the history: collects its attempts as a listener, and writes them once."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, cast

from lib.common import machine
from lib.common.plain_text import complaint
from lib.machine import load as machine_load
from lib.model import events
from lib.model.result import AttemptRecord, Load, Outcome

if TYPE_CHECKING:
    import sqlite3

    from lib.test_results.test_case import TestCase


class RunFields(NamedTuple):
    """A run as the history has it. The fields are those of summary.json; None is unknown.

    `seconds` are those of the whole run.
    """

    run: str
    sha: str
    branch: str = ""
    tree: str | None = None
    dirty: bool | None = None
    whole: bool | None = None
    asked_for_all: bool | None = None
    exit_code: int | None = None
    seconds: float | None = None

    @classmethod
    def of(cls, summary: Mapping[str, Any], seconds: float) -> RunFields:
        """Make it of the fields of summary.json; those that are not there are unknown."""
        known = {name: summary[name] for name in cls._fields if summary.get(name) is not None}
        return cls(**{**known, "seconds": seconds})


class History:
    """Collects the attempts of a run, and the number of other attempts beside each.

    `path` is the database, `directory` that of the run. A run that chose among test cases is not
    to be recorded: its times say nothing of all of them.
    """

    def __init__(
        self,
        path: Path,
        directory: Path | None = None,
        *,
        load: Callable[[], Load] = machine_load.load,
    ) -> None:
        self._path = path
        self._directory = directory
        self._began = time.time()
        self._load = load
        self._last_load = Load(0.0)
        self._fresh_until = -math.inf  # seconds on the run's clock
        self._attempts: list[tuple[object, ...]] = []
        self._outputs: list[tuple[object, ...]] = []
        self._ready: dict[str, float] = {}  # of attempts that have not ended: when, by job
        self._wrote: dict[str, dict[str, float]] = {}  # the same: when, by job and output
        self._starts = 0  # of all attempts so far
        self._running: dict[str, int] = {}  # see _start
        self._left: Mapping[str, int] = {}  # on the machine, by name

    def __call__(self, event: events.Event) -> None:
        """Note what an event tells of an attempt."""
        if isinstance(event, events.Started):
            self._start(event.job)
        elif isinstance(event, events.Ready):
            self._ready[event.job] = event.at
        elif isinstance(event, events.OutputReady):
            self._wrote.setdefault(event.job, {})[event.output] = event.at
        elif isinstance(event, events.Left):
            self._left = event.amounts
        elif isinstance(event, events.AttemptEnded):
            self._end(event.job, event.record)
        elif isinstance(event, events.Finished) and event.outcome is Outcome.RESTORED:
            if event.result.earlier is not None:  # that run has noted it; no cache answered
                return
            number, seconds = len(event.result.attempts) + 1, event.result.duration
            row = (event.job, number, Outcome.RESTORED, seconds, time.time())
            self._attempts.append((*row, None, "", None, None, None, None))

    def write(self, fields: RunFields) -> list[str]:
        """Write the run in one transaction; return lines for the log, one for each fault.

        It is called after the verdict, since it may wait up to `database.PATIENCE` seconds for
        another run that writes. A broken history is moved aside first. Raises Interrupted.
        """
        try:
            return self._write(fields)
        except Exception as error:  # noqa: BLE001 - the verdict is told, and stays
            return [f"this run is not in the history {self._path}: {complaint(error)}"]

    def _write(self, fields: RunFields) -> list[str]:
        import json  # late, as the next one: no start of a run waits for them

        from lib.history import damage

        run = {
            **fields._asdict(),
            "leftovers": json.dumps(dict(self._left)),
            "directory": self._directory.name if self._directory else "",
            "started": self._began,
            "processors": machine.this().cpus,
        }
        cases, faults = self._test_cases()
        error = self._insert(run, cases)
        mended = ""
        if damage.is_own(error):
            mended = damage.mend(self._path, thorough=True)
            error = self._insert(run, cases)  # also if another run has mended it
        missing = error and f"this run is not in the history {self._path}: {error}"
        return [*faults, *(line for line in (mended, missing) if line)]

    def _test_cases(self) -> tuple[list[TestCase], list[str]]:
        """Return the results in files that jobs of this run wrote, and new faults, a line each."""
        if self._directory is None:
            return [], []
        from lib.test_results import run_tests

        jobs = {str(job) for job, _, outcome, *_ in self._attempts if outcome != Outcome.RESTORED}
        found, faults = run_tests.read(self._directory, jobs)
        cases = [case for cases in found.values() for case in cases]
        return cases, run_tests.news(self._directory, faults)

    def _insert(self, run: Mapping[str, object], cases: Sequence[TestCase]) -> Exception | None:
        """Write all rows; return the error that kept them out."""
        import sqlite3

        from lib.history import database

        try:
            with database.writing(self._path) as opened:
                number = _insert_run(opened, run)
                rows = ((number, *row) for row in self._attempts)
                opened.executemany(f"INSERT INTO attempts VALUES ({_marks(12)})", rows)
                rows = ((number, *row) for row in self._outputs)
                opened.executemany(f"INSERT INTO outputs VALUES ({_marks(5)})", rows)
                insert_tests(opened, number, cases)
        except (OSError, sqlite3.Error) as error:
            return error
        return None

    def _load_at(self, moment: float) -> Load:
        """Return the load, read at most once a second: the kernel averages over ten and more."""
        if moment >= self._fresh_until:
            self._last_load, self._fresh_until = self._load(), moment + 1.0
        return self._last_load

    def _start(self, job: str) -> None:
        """Note the attempts that run now, less all starts so far: at its end, those are added."""
        self._starts += 1
        self._running.pop(job, None)
        self._running[job] = len(self._running) - self._starts

    def _end(self, job: str, record: AttemptRecord) -> None:
        end = self._ready.pop(job, record.ended)
        wrote = self._wrote.pop(job, {})
        running = self._running.pop(job, None)
        beside = None if running is None else running + self._starts
        load = record.load or self._load_at(record.ended)
        now = time.time()
        row = (job, record.number, record.outcome, end - record.started, now, record.code)
        self._attempts.append((*row, record.cause, *load, beside))
        if record.outcome is Outcome.PASSED:
            self._outputs += [(job, out, at - record.started, now) for out, at in wrote.items()]


def _insert_run(opened: sqlite3.Connection, run: Mapping[str, object]) -> int:
    values = [_storable(v) if isinstance(v, str) else v for v in run.values()]
    statement = f"INSERT INTO runs ({', '.join(run)}) VALUES ({_marks(len(run))})"
    return cast(int, opened.execute(statement, values).lastrowid)  # an INSERT always has one


def insert_tests(opened: sqlite3.Connection, run: int, cases: Sequence[TestCase]) -> None:
    """Insert results of tests; a name is stored once."""
    names = ((case.job, _storable(case.name)) for case in cases)
    opened.executemany("INSERT OR IGNORE INTO test_names (job, name) VALUES (?, ?)", names)
    opened.executemany(
        "INSERT INTO tests SELECT ?, id, ?, ? FROM test_names WHERE job = ? AND name = ?",
        ((run, c.outcome, c.seconds, c.job, _storable(c.name)) for c in cases),
    )


def _storable(text: str) -> str:
    """Return a text without bytes that are no UTF-8, which names of branches and files may hold."""
    return text.encode(errors="backslashreplace").decode()


def _marks(count: int) -> str:
    return ", ".join(["?"] * count)
