"""`pipeline.py simulate`: its command line, and the text of a prediction."""

from __future__ import annotations

import argparse
import dataclasses
import json
import sqlite3
from collections.abc import Callable, Collection, Sequence

from lib.buckaroo import missing_tools, preparation, settings
from lib.buckaroo.settings import Settings
from lib.commands import argument_types
from lib.commands.flag_parser import FlagParser
from lib.common import console, machine
from lib.common.machine import Machine
from lib.common.plain_text import counted
from lib.history.timings import timings
from lib.model import job_words, selection
from lib.model.job import Job
from lib.model.selection import Choice
from lib.simulate import predict
from lib.simulate.predict import Cost, Prediction, Scenario

EXAMPLES = """\
examples:
  pipeline.py simulate                          a run of everything on this machine
  pipeline.py simulate -j 4 --cpus 16           four jobs at once, on sixteen processors
  pipeline.py simulate --drop-edge build-js:build-wheel --set test-js=120
  pipeline.py simulate --shape predecessor      what order and delays of the predecessor cost

Durations are those of recent runs that passed, with any jobs beside them: a machine with more
processors is taken to be as fast as this one. Checkout and dependencies are not part of it."""
SHOWN = 5  # costs


def _assumption(text: str) -> tuple[str, float]:
    job, _, seconds = text.partition("=")
    try:
        value = float(seconds)
    except ValueError:
        value = -1.0
    if not job or not 0 <= value < 1e9:
        raise argparse.ArgumentTypeError(f"expected job=seconds, found {text!r}")
    return job, value


def parser() -> argparse.ArgumentParser:
    """Return the parser of the words after `simulate`."""
    made = FlagParser(
        prog="pipeline.py simulate",
        description="Predict a run: recorded durations, played through the real scheduler.",
        epilog=EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    made.add_argument(
        "--max-parallel", "-j", type=argument_types.count, metavar="N", help="jobs at once"
    )
    made.add_argument(
        "--cpus", type=argument_types.count, metavar="N", help="processors (default: as here)"
    )
    made.add_argument(
        "--drop-edge", action="append", default=[], metavar="A:B", help="B does not wait for A"
    )
    made.add_argument(
        "--set",
        action="append",
        default=[],
        type=_assumption,
        metavar="JOB=SECONDS",
        help="seconds of a job; of a service, until it is ready",
    )
    for name, text in (
        ("only", "these, and their needs"),
        ("skip", "not these"),
        ("first", "these and their needs, then the rest"),
    ):
        short = () if name == "first" else (f"--{name}",)
        jobs = argument_types.names
        made.add_argument(f"--{name}-jobs", *short, type=jobs, metavar="JOBS", help=text)
    made.add_argument("--no-deps", action="store_true", help="with --only-jobs: these alone")
    made.add_argument(
        "--demo", action="store_true", help="without the jobs that --demo leaves out here"
    )
    made.add_argument("--state-dir", metavar="DIR", help="where durations were recorded")
    made.add_argument("--json", action="store_true", help="for programs")
    made.add_argument("--shape", choices=("predecessor",), help="this, with its own durations")
    return made


def main(
    arguments: Sequence[str],
    table: Callable[[Settings, Machine], list[Job]],
    shape: Callable[[int | None], Sequence[str]],
) -> int:
    """Print a prediction and return the exit code.

    `table` makes the jobs for a machine; `shape` the lines of `--shape`, for so many slots.

    Raises ValueError for bad names, and for a history that cannot be read.
    """
    given = parser().parse_args(arguments)
    if given.shape:
        return console.put("\n".join(shape(given.max_parallel)))
    config = settings.load_anywhere({"state_dir": given.state_dir})
    box = machine.this()
    if given.cpus:
        box = box._replace(cpus=given.cpus)
    jobs = preparation.without(table(config, box))
    left_out = _left_out(jobs, config, given.skip_jobs or ()) if given.demo else ()
    chosen = Choice(
        only_jobs=given.only_jobs,
        skip_jobs=[*(given.skip_jobs or ()), *left_out],
        first_jobs=given.first_jobs,
        no_deps=given.no_deps,
    )
    past = config.state_dir / "history.db"
    try:
        recorded = timings(past, beside=selection.names(jobs, chosen))
    except sqlite3.Error as error:
        raise ValueError(f"{past} cannot be read: {error}: move it away") from error
    if not recorded.durations and not given.set:
        raise ValueError(f"no durations are recorded in {past}: run the pipeline, or --set some")
    scenario = Scenario(
        jobs=jobs,
        pools=box.pools(),
        timings=recorded,
        max_parallel=given.max_parallel,
        choice=chosen,
    )
    scenario = predict.with_durations(scenario, dict(given.set))
    for edge in given.drop_edge:
        scenario = predict.without_edge(scenario, edge)
    prediction, costs = predict.predict(scenario), predict.costs(scenario)
    if given.json:
        fields = {**dataclasses.asdict(prediction), "costs": [dataclasses.asdict(c) for c in costs]}
        return console.put(json.dumps(fields, indent=2))
    return console.put("\n".join(lines(scenario, prediction, costs, config.timeout)))


def _left_out(jobs: Sequence[Job], config: Settings, skipped: Sequence[str]) -> Collection[str]:
    """Return the jobs that the demo leaves out here."""
    (names,) = job_words.meant({job.name: job for job in jobs}, skip_jobs=skipped)
    return missing_tools.absent(jobs, config, "HEAD", skipped=names or ())


def lines(
    scenario: Scenario, prediction: Prediction, costs: Sequence[Cost], timeout: float
) -> list[str]:
    """Return the lines of a prediction for people."""
    pools = ", ".join(f"{name}={scenario.pools[name]}" for name in prediction.shares)
    slots = f", -j {scenario.max_parallel}" if scenario.max_parallel else ""
    jobs = counted(len(prediction.spans), "job")
    rows = [f"{prediction.seconds:.1f} s for {jobs}, with {pools}{slots}"]
    if prediction.seconds >= timeout:
        rows.append(f"  longer than the run's timeout of {timeout:g} s")
    rows.append("critical path:")
    for span in prediction.path:
        after = f"  after {span.after}" if span.after else ""
        rows.append(
            f"  {span.started:8.1f} s  {span.ended - span.started:7.1f} s  {span.job}{after}"
        )
    used = [f"{name} {100 * share:.0f} %" for name, share in prediction.shares.items()]
    rows.append(f"used: {', '.join([*used, f'{prediction.parallel:.1f} jobs at once'])}")
    rows.append("costs most (a run without it would be so much shorter):")
    rows += [f"  {cost.seconds:8.1f} s  {cost.what}" for cost in costs[:SHOWN]]
    if not costs:
        rows.append("  nothing: no single edge, delay or limit makes the run longer")
    return rows + _assumptions(scenario, prediction)


def _assumptions(scenario: Scenario, prediction: Prediction) -> list[str]:
    by_name = {job.name: job for job in scenario.jobs}
    durations = scenario.timings.durations
    rows = []
    if prediction.restored:
        rows.append(f"assumed to be in the cache, as last time: {', '.join(prediction.restored)}")
    if prediction.guessed:
        rows.append(f"never timed, so taken as the median: {', '.join(prediction.guessed)}")
    late = [n for n, s in durations.items() if n in by_name and s >= by_name[n].timeout]
    if late:
        rows.append(f"longer than its timeout, so it would fail: {', '.join(late)}")
    return rows
