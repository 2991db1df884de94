"""Remembers how long jobs take, in a SQLite database under the state directory. A listener."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Iterable, Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from lib.common import locks, tree_copy
from lib.model import events
from lib.model.attempt_outcome import NO_TESTS
from lib.model.durations import Timings
from lib.model.result import AttemptRecord, Outcome

if TYPE_CHECKING:
    import sqlite3

# a restored job counts as an attempt here; `seconds` of a service end when it was ready, since the
# time that it served depends on other jobs
TABLES = {
    "attempts": """CREATE TABLE attempts (
        job TEXT NOT NULL,
        run TEXT NOT NULL,
        sha TEXT NOT NULL,
        number INTEGER NOT NULL,
        outcome TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    )""",
    "outputs": """CREATE TABLE outputs (
        job TEXT NOT NULL,
        output TEXT NOT NULL,
        run TEXT NOT NULL,
        seconds REAL NOT NULL,
        ended_at REAL NOT NULL
    )""",
}
VERSION = 2  # of the tables and their meaning; in 1 a service's seconds were its whole life
K = TypeVar("K")
Row = tuple[str, str, str, float]  # run, job, outcome or output, seconds
RECENT = 3  # passes of a job that its usual duration is taken from
PATIENCE = 5.0  # seconds to wait for another run that writes
LOOKED_AT = 5000  # latest rows that are searched for them


class History:
    """Collects the attempts of a run and writes them in one transaction at its end."""

    def __init__(self, path: Path, run: str, sha: str) -> None:
        self._path = path
        self._run = run
        self._sha = sha
        self._attempts: list[tuple[str, str, str, int, str, float, float]] = []
        self._outputs: list[tuple[str, str, str, float, float]] = []
        self._ready: dict[str, float] = {}  # of attempts that have not ended: when, by job
        self._wrote: dict[str, dict[str, float]] = {}  # the same: when, by job and output

    def __call__(self, event: events.Event) -> None:
        """Note an attempt; write all of them when the run has ended. Raises sqlite3.Error."""
        if isinstance(event, events.Ready):
            self._ready[event.job] = event.at
        elif isinstance(event, events.OutputReady):
            self._wrote.setdefault(event.job, {})[event.output] = event.at
        elif isinstance(event, events.AttemptEnded):
            self._note(event.job, event.record)
        elif isinstance(event, events.Finished) and event.outcome is Outcome.RESTORED:
            number = len(event.result.attempts) + 1
            self._add(event.job, number, Outcome.RESTORED, event.result.duration)
        elif isinstance(event, events.RunEnded) and self._attempts:
            self._write()

    def _note(self, job: str, record: AttemptRecord) -> None:
        end = self._ready.pop(job, record.ended)
        wrote = self._wrote.pop(job, {})
        if (
            record.outcome is Outcome.PASSED and record.code == NO_TESTS
        ):  # its time says nothing of one with tests
            return
        self._add(job, record.number, record.outcome, end - record.started)
        if record.outcome is Outcome.PASSED:
            now = time.time()
            self._outputs += [
                (job, output, self._run, at - record.started, now) for output, at in wrote.items()
            ]

    def _add(self, job: str, number: int, outcome: Outcome, seconds: float) -> None:
        row = (job, self._run, self._sha, number, str(outcome), seconds, time.time())
        self._attempts.append(row)

    def _write(self) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with _opened(self._path) as database, database:
            database.executemany(
                "INSERT INTO attempts VALUES (?, ?, ?, ?, ?, ?, ?)", self._attempts
            )
            database.executemany("INSERT INTO outputs VALUES (?, ?, ?, ?, ?)", self._outputs)


@contextlib.contextmanager
def _opened(path: Path) -> Iterator[sqlite3.Connection]:
    """Open the database. The tables of another version have another meaning: they are dropped."""
    import sqlite3  # late: it takes milliseconds, and only pipeline.py has a history

    def version() -> int:
        return int(database.execute("PRAGMA user_version").fetchone()[0])

    with contextlib.closing(sqlite3.connect(path, timeout=PATIENCE)) as database:
        if version() == VERSION:
            _refuse_other_tables(database)
        else:
            database.execute("BEGIN IMMEDIATE")
            if version() != VERSION:  # no other run has brought it up to date meanwhile
                for name, statement in TABLES.items():
                    database.execute(f"DROP TABLE IF EXISTS {name}")
                    database.execute(statement)
                database.execute(f"PRAGMA user_version = {VERSION}")
            database.commit()
        yield database


def _refuse_other_tables(database: sqlite3.Connection) -> None:
    import sqlite3

    found = dict(database.execute("SELECT name, sql FROM sqlite_master WHERE type = 'table'"))
    if any(found.get(n, "").split() != statement.split() for n, statement in TABLES.items()):
        raise sqlite3.DatabaseError("its tables are not ours")


def mend(path: Path) -> str:
    """Move a broken history aside, so that a new one begins; return a line for the log, or ''.

    The latest broken one is kept as `<path>.broken`. Raises no OSError and no sqlite3.Error, since
    no run depends on its history; raises Interrupted.
    """
    fault = _fault(path)
    if not fault:
        return ""
    try:
        with locks.lock(path.with_suffix(".lock"), "moving a broken history aside"):
            if not _fault(path):  # another run has done it meanwhile
                return ""
            aside = path.with_name(f"{path.name}.broken")
            tree_copy.remove(aside)
            path.rename(aside)  # the next history drops a journal that stays behind
    except OSError as error:
        return f"{path} is broken ({fault}) and cannot be moved away ({error}): do it by hand"
    return f"{path} was broken ({fault}) and is {aside.name} now: durations are recorded anew"


def _fault(path: Path) -> str:
    """Return the fault of the file itself, '' if its rights, the disk or a lock are at fault."""
    import sqlite3

    try:
        timings(path)
    except sqlite3.Error as error:
        code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_CORRUPT) & 0xFF
        own = (
            *(sqlite3.SQLITE_ERROR, sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB),
            *(sqlite3.SQLITE_CONSTRAINT, sqlite3.SQLITE_MISMATCH),
        )
        return str(error) if code in own or not path.is_file() else ""
    return ""


def timings(path: Path, beside: Collection[str] = ()) -> Timings:
    """Return the usual seconds: medians of recent passes. Empty without a history.

    Runs in which all jobs of `beside` were tried count before others: the seconds of a job depend
    on the jobs that run beside it. Raises sqlite3.Error for a file that is no such database.
    """
    if not path.exists():
        return Timings()
    with _opened(path) as database:
        sane = "WHERE seconds BETWEEN 0 AND 1e9"  # SQLite sorts every text after any number
        latest = "ORDER BY rowid DESC LIMIT ?"
        attempts = database.execute(
            f"SELECT run, job, outcome, seconds FROM attempts {sane} {latest}", (LOOKED_AT,)
        ).fetchall()
        outputs = database.execute(
            f"SELECT run, job, output, seconds FROM outputs {sane} {latest}", (LOOKED_AT,)
        ).fetchall()
    jobs_of: dict[str, set[str]] = {}
    for run, job, _, _ in attempts:
        jobs_of.setdefault(run, set()).add(job)
    alike = {run for run, jobs in jobs_of.items() if jobs.issuperset(beside)}
    every = _usual(attempts, outputs)
    best = _usual([r for r in attempts if r[0] in alike], [r for r in outputs if r[0] in alike])
    return Timings(
        durations={**every.durations, **best.durations},
        outputs={**every.outputs, **best.outputs},
        restored={
            **{job: s for job, s in every.restored.items() if job not in best.durations},
            **best.restored,
        },
    )


def _usual(attempts: Sequence[Row], outputs: Sequence[Row]) -> Timings:
    """Return the usual seconds by these rows, the latest first."""
    passed = ((job, s) for _, job, outcome, s in attempts if outcome == Outcome.PASSED)
    return Timings(
        durations=_medians(passed),
        outputs=_medians(((job, output), s) for _, job, output, s in outputs),
        restored=_restored((job, outcome, s) for _, job, outcome, s in attempts),
    )


def _restored(rows: Iterable[tuple[str, str, float]]) -> dict[str, float]:
    last: dict[str, tuple[str, float]] = {}
    for job, outcome, seconds in rows:
        if outcome in (Outcome.PASSED, Outcome.RESTORED):
            last.setdefault(job, (outcome, seconds))
    return {job: s for job, (outcome, s) in last.items() if outcome == Outcome.RESTORED}


def _medians(rows: Iterable[tuple[K, float]]) -> dict[K, float]:
    recent: dict[K, list[float]] = {}
    for key, seconds in rows:
        if len(recent.setdefault(key, [])) < RECENT:
            recent[key].append(seconds)
    return {key: sorted(several)[len(several) // 2] for key, several in recent.items()}
