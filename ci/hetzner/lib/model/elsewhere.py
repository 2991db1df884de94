"""Arguments that belong to another call than the one that they are given to. Data only."""

from __future__ import annotations

PIPELINES, RUNS = "it is an argument of Pipeline(…)", "it is an argument of Pipeline.run(…)"
NO_JOBS = {
    "max_parallel": PIPELINES,
    "only_jobs": RUNS,
    "skip_jobs": RUNS,
    "matrix": "declare a job for each of its values",
}
NO_RUNS = dict.fromkeys(("timeout", "cwd", "max_parallel", "resources", "grace"), PIPELINES)
NO_PIPELINES = dict.fromkeys(
    ("fast_fail", "only_jobs", "skip_jobs", "first_jobs", "only_testcases", "pytest_workers"), RUNS
)
