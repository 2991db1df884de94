"""Past runs that never were: what the page of the history is tested with."""

from __future__ import annotations

from lib.diagnosis.most_waited import WaitedFor
from lib.history.past_runs import JobRun
from lib.history.statistics import Tries
from lib.page.history_page import PastRuns
from tests.support.example_runs import BEGAN, SHA

HOUR = 3600.0
ENDS = {"F": "failed", "p": "passed", "f": "flaky"}


def job_runs(name: str, newest_first: str, seconds: float) -> list[JobRun]:
    """Return runs of a job: `F` failed, `p` passed, `f` flaky; each took a little longer before."""
    made = []
    for at, letter in enumerate(newest_first):
        rest = (None, ENDS[letter], seconds + at / 10, 1, "", None, None, None)
        made.append(JobRun(name, f"r{at}", BEGAN - at * HOUR, SHA, "main", "t", *rest))
    return made


def past() -> PastRuns:
    """Return 40 runs of a few jobs, one of which is red and one flaky."""
    jobs = {
        "node-modules": job_runs("node-modules", "p" * 40, 6.0),
        "test-python-3.12": job_runs("test-python-3.12", "FFF" + "p" * 37, 38.7),
        "playwright-jupyter": job_runs("playwright-jupyter", "pfppFpfp" * 5, 33.0),
    }
    long = "tests/unit/test_basic.py::TestSummary::test_summary_of_an_empty_frame_" + "x" * 200
    flaky = {("playwright-jupyter", ""): Tries(9, 4, 12, 5), ("test-js", long): Tries(9, 1, 9, 1)}
    waited = [WaitedFor("playwright-jupyter", 33.1, 20), WaitedFor("(cpu)", 4.2, 12)]
    return PastRuns("main", 40, jobs, flaky, waited, 20)
