"""Runs a pipeline of three jobs many times in one store: what stays, and how long a start takes.

    python3 benchmarks/many_runs.py [RUNS] [--store DIR]

Prints a line for each tenth of the runs: the directories of runs, the bytes of the store and of its
history, the seconds from the call to the first job, and those of a whole run (medians).
"""

from __future__ import annotations

import argparse
import hashlib
import io
import statistics
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from dsl import Job, Pipeline
from lib.common.plain_text import size, table
from lib.common.waste import disk_usage
from lib.model import events
from lib.run_directories.run_store import RunStore

JOBS = Job("build", "echo built"), Job("lint", "echo fine"), Job("test", "exit 3", ["build"])


class FirstStart:
    """Notes the time of the first start of a job."""

    def __init__(self) -> None:
        self.at = 0.0

    def __call__(self, event: events.Event) -> None:
        """Take an event."""
        if isinstance(event, events.Started) and not self.at:
            self.at = time.perf_counter()


def one(store: Path, number: int) -> tuple[float, float]:
    """Run once; return the seconds to the first job, and those of the whole run."""
    sha = hashlib.sha1(b"%d" % (number // 3), usedforsecurity=False).hexdigest()  # three of each
    first = FirstStart()
    began = time.perf_counter()
    made = Pipeline(
        JOBS,
        sha,
        f"b{number % 7}",
        store=store,
        cwd=store,
        listeners=[first],
        console=io.StringIO(),
    )
    made.run(only_jobs=["lint"] if number % 3 else None)
    return first.at - began, time.perf_counter() - began


def row(store: Path, number: int, times: list[tuple[float, float]]) -> list[str]:
    """Return the cells of a line."""
    start, whole = (statistics.median(column) for column in zip(*times, strict=True))
    history = sum(path.stat().st_size for path in store.glob("history.db*"))
    links = len(list((store / "logs").iterdir()))
    cells = [str(number), str(len(RunStore(store).runs())), str(links)]
    return [*cells, size(disk_usage(store)), size(history), f"{start:.4f}", f"{whole:.4f}"]


def main() -> int:
    """Run as often as asked; return 0."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("runs", nargs="?", type=int, default=10_000)
    parser.add_argument("--store", type=Path)
    given = parser.parse_args()
    heads = ["runs", "directories", "links", "store", "history", "to first job", "whole run"]
    with tempfile.TemporaryDirectory() as place:
        store = given.store or Path(place, "store")
        store.mkdir(parents=True, exist_ok=True)
        print("  ".join(heads), flush=True)
        step = max(1, given.runs // 10)
        for begin in range(0, given.runs, step):
            times = [one(store, n) for n in range(begin, min(begin + step, given.runs))]
            print(*table([row(store, begin + len(times), times)]), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
