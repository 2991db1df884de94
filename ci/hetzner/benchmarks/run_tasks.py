"""Runs tasks.tsv with this runner, as a program that uses it would: `run_tasks.py PARALLEL [MODE]`.

plan       stop where the first job would start
dry        play the whole run with nothing started
long       run; tell on the last line how descriptors, memory and speed developed
listeners  run with everything listening that listens to the run of a commit
statuses   the same, and a status posted for each job
deaf       make the listeners and let none of them listen
views      run in a store, where all is recorded and sampled and every view is written
bare       the same run outside a store; both put the seconds of their jobs into `seconds`
reports    run in a store, then write its views again: `seconds` gets the CPU time of that
"""

from __future__ import annotations

import sys

from dsl import Job, Pipeline


def main(parallel: int, mode: str = "") -> int:
    """Return the run's exit code."""
    jobs = []
    with open("tasks.tsv") as file:  # noqa: PTH123 - as little as the other programs do
        for line in file:
            name, needs, command = line.rstrip("\n").split("\t")
            jobs.append(Job(name, command, needs.split()))
    if mode == "long":
        return measured_run(jobs, parallel)
    if mode in ("views", "bare", "reports"):
        return viewed_run(jobs, parallel, mode)
    listeners: list[events.Listener] = []
    if mode in ("deaf", "listeners", "statuses"):
        listeners = all_listeners(statuses=mode == "statuses")
    if mode == "deaf":  # the same start as with them
        listeners = []
    pipeline = Pipeline(
        jobs, "0" * 40, "main", "logs", 3600, ".", max_parallel=parallel, listeners=listeners
    )
    if mode == "dry":
        return 0 if len(pipeline.dry_run()) > len(jobs) else 1
    if mode == "plan":
        return planned(jobs)
    return pipeline.run()


def planned(jobs: list[Job]) -> int:
    """Do the steps of a run before its first start; fail if nothing could start."""
    from lib.model import selection
    from lib.model.result import Result
    from lib.scheduler import readiness
    from lib.scheduler.nodes import NodeRun

    made = selection.plan(jobs, selection.EVERYTHING, {}).phases.nodes
    nodes = {node.key: NodeRun(node, Result(node.job.name), at) for at, node in enumerate(made)}
    readiness.link(nodes)
    return 0 if readiness.Readiness(nodes.values()).open_phases(0).ready else 1


def all_listeners(*, statuses: bool) -> list[events.Listener]:
    """Return the listeners of the run of a commit; statuses go to GITHUB_API_URL."""
    from lib.buckaroo import settings, wheels
    from lib.github.client import Repository
    from lib.github.job_statuses import JobStatuses
    from lib.github.status_reporter import StatusReporter
    from lib.history.recorder import History

    config = settings.load_anywhere()
    found: list[events.Listener] = [
        History(config.state_dir / "history.db"),
        wheels.WheelKeeper(config, "0" * 40, print),
    ]
    if statuses:
        repository = Repository(config.github_api_url, config.github_token, config.github_repo)
        reporter = StatusReporter(repository, print)
        found.append(JobStatuses(reporter, "0" * 40, "http://127.0.0.1/logs"))
    return found


def viewed_run(jobs: list[Job], parallel: int, mode: str) -> int:
    """Run the jobs, in a store unless `bare`; write what was measured into `seconds`."""
    import time
    from pathlib import Path

    from lib.views import run_views

    measured = Path("seconds")

    def keep_seconds(event: events.Event) -> None:
        if isinstance(event, events.RunEnded):
            measured.write_text(f"{event.at}")

    pipeline = Pipeline(
        jobs,
        "0" * 40,
        "main",
        "logs" if mode == "bare" else None,
        3600,
        ".",
        store=None if mode == "bare" else "store",
        max_parallel=parallel,
        listeners=[keep_seconds],
    )
    code = pipeline.run()
    if mode == "reports":
        (run,) = Path("store/runs").iterdir()
        began = time.process_time()
        missing = run_views.write(run).notes
        measured.write_text(f"{time.process_time() - began}")
        return code or len(missing)  # a view that is missing took no time
    return code


def measured_run(jobs: list[Job], parallel: int) -> int:
    """Run the jobs; print samples at each thousandth end, for `benchmarks.runner_figures`."""
    import json
    import os
    import time

    step = max(1, len(jobs) // 10)
    page = os.sysconf("SC_PAGE_SIZE")
    samples: list[tuple[float, int, int]] = []
    ended = 0

    def sample(event: events.Event) -> None:
        nonlocal ended
        if isinstance(event, events.Finished):
            ended += 1
        if isinstance(event, events.RunStarted) or (
            isinstance(event, events.Finished) and ended % step == 0
        ):
            with open("/proc/self/statm") as file:  # noqa: PTH123
                memory = int(file.read().split()[1]) * page
            samples.append((time.monotonic(), memory, len(os.listdir("/proc/self/fd"))))  # noqa: PTH208

    pipeline = Pipeline(
        jobs, "0" * 40, "main", "logs", 3600, ".", max_parallel=parallel, listeners=[sample]
    )
    code = pipeline.run()
    print(json.dumps(samples))
    return code


if __name__ == "__main__":
    from lib.model import events

    sys.exit(main(int(sys.argv[1]), *sys.argv[2:]))
