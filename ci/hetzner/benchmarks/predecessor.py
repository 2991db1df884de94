"""The sixteen jobs as the bash script before this runner had them, with its delays: data.

It started each job as soon as its edges allowed, in this order, and kept the machine from being
overrun by sleeping before some of them. The seconds were seen on three machines.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lib.model.durations import Timings
from lib.model.job import Job
from lib.simulate import predict
from lib.simulate.predict import Scenario

EDGES = {
    "lint-python": (),
    "build-js": (),
    "test-js": (),
    "test-python-3.11": (),
    "test-python-3.12": (),
    "test-python-3.13": (),
    "test-python-3.14": (),
    "build-wheel": ("build-js",),
    "test-mcp-wheel": ("build-wheel",),
    "smoke-test-extras": ("build-wheel",),
    "playwright-storybook": ("build-js",),
    "playwright-server": ("build-wheel",),
    "playwright-marimo": ("build-wheel",),
    "playwright-wasm-marimo": (),
    "jupyter-warmup": (),
    "playwright-jupyter": ("build-wheel", "jupyter-warmup"),  # with the wheel's installation
}
SHORT, LONG = 2.0, 10.0  # seconds of its delays
DELAYS = {
    "smoke-test-extras": SHORT,
    "playwright-wasm-marimo": SHORT,
    "test-python-3.12": LONG,
    "test-python-3.14": LONG,
}


@dataclass(frozen=True, slots=True)
class Seen:
    """A machine: its processors, and the seconds of the jobs and of a whole run on it."""

    title: str
    cpus: int
    durations: Mapping[str, float]
    whole: str


PYTHONS = ("3.11", "3.12", "3.13", "3.14")
_EIGHT = {
    "lint-python": 1.0,
    "test-js": 24.0,
    **{f"test-python-{version}": 63.0 for version in PYTHONS},
    "build-wheel": 22.0,
    "test-mcp-wheel": 12.0,
    "smoke-test-extras": 20.0,
    "playwright-storybook": 10.0,
    "playwright-server": 58.0,
    "playwright-marimo": 56.0,
    "playwright-wasm-marimo": 35.0,
    "playwright-jupyter": 123.0,
}
_SIXTEEN = {
    "build-js": 3.0,
    "build-wheel": 8.0,
    "jupyter-warmup": 11.0,
    "playwright-jupyter": 5.0 + 37.0,
}
# a job that was not timed on one of the fast machines has the time of the other
EIGHT = Seen("8 fast cores", 8, {**_SIXTEEN, **_EIGHT}, "236")
MACHINES = (
    EIGHT,
    Seen("16 fast cores, warm", 16, {**_EIGHT, **_SIXTEEN}, "49 to 70"),
    Seen(
        "2 cores",
        2,
        {
            "lint-python": 0.1,
            "build-js": 19.0,
            "test-js": 5.0,
            **{f"test-python-{version}": 54.0 for version in PYTHONS},
            "build-wheel": 3.0,
            "test-mcp-wheel": 34.0,
            "smoke-test-extras": 11.0,
            "playwright-storybook": 36.0,
            "playwright-server": 60.0,
            "playwright-marimo": 46.0,
            "jupyter-warmup": 40.0,
            "playwright-jupyter": 217.0,
        },
        "-",
    ),
)


def jobs(*, without: tuple[float, ...] = ()) -> list[Job]:
    """Return the jobs with their delays, but for those of so many seconds."""
    delays = {name: seconds for name, seconds in DELAYS.items() if seconds not in without}
    return [
        Job(name, "true", list(needs), delay=delays.get(name, 0), timeout=600)
        for name, needs in EDGES.items()
    ]


def shape(max_parallel: int | None = None) -> list[str]:
    """Return a table of the cost of the predecessor's order and delays, a column for a machine.

    With as many slots as processors unless `max_parallel` says another number.
    """
    short, long = SHORT, LONG
    delayed, free = jobs(), jobs(without=(short, long))
    rows = (  # title, jobs, longest path first, as many at once as there are slots
        ("all at once, with its delays", delayed, False, False),
        (f"  without those of {short:g} s", jobs(without=(short,)), False, False),
        (f"  without those of {long:g} s", jobs(without=(long,)), False, False),
        ("  without any", free, False, False),
        ("in slots, in its order, with its delays", delayed, False, True),
        ("  without any", free, False, True),
        ("  longest path first, without any", free, True, True),
    )
    machines = MACHINES
    table = [["seconds of a run", *(seen.title for seen in machines)]]
    table.append(["slots", *(str(max_parallel or seen.cpus) for seen in machines)])
    for title, declared, by_urgency, bounded in rows:
        cells = []
        for seen in machines:
            slots = (max_parallel or seen.cpus) if bounded else None
            timings = Timings(seen.durations)
            scenario = Scenario(declared, {}, timings, max_parallel=slots, by_urgency=by_urgency)
            cells.append(f"{predict.predict(scenario).seconds:.1f}")
        table.append([title, *cells])
    table.append(["seen of the predecessor", *(seen.whole for seen in machines)])
    widths = [max(len(row[column]) for row in table) for column in range(len(table[0]))]
    return [
        "  ".join(
            [
                row[0].ljust(widths[0]),
                *(c.rjust(w) for c, w in zip(row[1:], widths[1:], strict=True)),
            ]
        )
        for row in table
    ]
