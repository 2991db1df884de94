"""All that the views of a run are made from, read from the directory of the run."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lib.common import files
from lib.event_stream import reading
from lib.report import log_tail
from lib.report.seen_lines import without_colours
from lib.sampling import sample_file
from lib.sampling.samples import Samples
from lib.test_results import run_tests
from lib.test_results.test_case import TestCase
from lib.timeline.run_record import JobRecord, RunRecord

BAD = ("failed", "timed out", "cancelled")
MOST_EXCERPTS = 50  # logs that are read


class RunInputs(NamedTuple):
    """One run.

    - `record`: its jobs and their times.
    - `path`: its directory.
    - `redact`: masks secrets; texts of `record` and `excerpts` are masked already.
    - `environment`: the fields of environment.json, {} if there is none.
    - `samples`: what the machine and its jobs used, None if nothing sampled them.
    - `tests`: the test cases of jobs that wrote JUnit files.
    - `excerpts`: the lines at the end of the log of each job that failed or was cut off.
    - `coloured`: the same lines with their sequences for colours (SGR).
    """

    record: RunRecord
    path: Path
    redact: Callable[[str], str] = str
    environment: Mapping[str, Any] = {}
    samples: Samples | None = None
    tests: Mapping[str, Sequence[TestCase]] = {}
    excerpts: Mapping[str, Sequence[str]] = {}
    coloured: Mapping[str, Sequence[str]] = {}


def load(run: Path, redact: Callable[[str], str] = str) -> RunInputs:
    """Return what the directory of a run tells.

    Only its events are needed. Raises ValueError for a run without them, and OSError.
    """
    told = of_ends(reading.read(run), run, redact)
    return told._replace(environment=_environment(run), samples=_samples(run))


def of_ends(record: RunRecord, run: Path, redact: Callable[[str], str] = str) -> RunInputs:
    """Return how the jobs of a record ended: with their tests and the ends of failed logs."""
    coloured = _excerpts(run, record.jobs, redact)
    return RunInputs(
        record=record,
        path=run,
        redact=redact,
        tests=run_tests.tests_of(run),
        excerpts={job: [*map(without_colours, ls)] for job, ls in coloured.items()},
        coloured=coloured,
    )


def _environment(run: Path) -> Mapping[str, Any]:
    from lib.common import json_text  # late: a run imports this room

    try:
        found = json_text.parse(files.read(run / "environment.json"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}


def _samples(run: Path) -> Samples | None:
    try:
        return sample_file.read(run)
    except OSError:  # something else is in its place
        return None


def _excerpts(
    run: Path, jobs: Sequence[JobRecord], redact: Callable[[str], str]
) -> Mapping[str, Sequence[str]]:
    logged = [job for job in jobs if job.outcome in BAD and job.log]
    return {
        job.name: log_tail.shown(run / job.log, redact, colours=True, among=len(logged))
        for job in islice(logged, MOST_EXCERPTS)
    }
