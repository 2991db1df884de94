"""The shapes of work that are measured. Data only: nothing is started here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks import predecessor

CRITICAL_PATH = 1.6  # seconds of ci16

DURATIONS = {name: predecessor.EIGHT.durations[name] for name in predecessor.EDGES}
EDGES = predecessor.EDGES


class Task(NamedTuple):
    """One job: its command for `bash -c`, and the jobs before it."""

    name: str
    command: str
    needs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Workload:
    """Tasks to run, at most `parallel` of them at once, and a title for people.

    `path` are the seconds that no runner can save: those of the longest chain of sleeps.
    """

    name: str
    title: str
    tasks: tuple[Task, ...]
    parallel: int
    path: float = 0.0


def chain(count: int) -> Workload:
    """Return jobs that each wait for the one before."""
    tasks = [Task(f"j{i}", "true", (f"j{i - 1}",) if i else ()) for i in range(count)]
    return Workload(f"chain-{count}", f"{count:,} jobs, each after the one before", (*tasks,), 2)


def wide(count: int, name: str = "wide") -> Workload:
    """Return jobs that need only one of two slots."""
    tasks = [Task(f"j{i}", "true") for i in range(count)]
    return Workload(name, f"{count:,} jobs, two at a time", (*tasks,), 2)


def layered(layers: int, width: int, needs: int) -> Workload:
    """Return layers of jobs, each job after `needs` jobs of the layer before."""
    tasks = [
        Task(
            f"l{layer}-{place}",
            "true",
            tuple(f"l{layer - 1}-{(place + i) % width}" for i in range(needs)) if layer else (),
        )
        for layer in range(layers)
        for place in range(width)
    ]
    title = f"{layers} × {width} jobs, {needs} dependencies each, two at a time"
    return Workload("layered", title, (*tasks,), 2)


def ci16() -> Workload:
    """Return the shape of the real sixteen jobs: their edges, and sleeps in their proportions."""
    longest = longest_path(DURATIONS, EDGES)
    scale = CRITICAL_PATH / longest
    tasks = [
        Task(name, f"sleep {seconds * scale:.4f}", EDGES.get(name, ()))
        for name, seconds in DURATIONS.items()
    ]
    title = f"the sixteen real jobs, their durations scaled to {CRITICAL_PATH} s"
    return Workload("ci16", title, (*tasks,), len(tasks), CRITICAL_PATH)


def idle(seconds: float) -> Workload:
    """Return one job that sleeps for a while."""
    return Workload("idle", f"one sleep of {seconds:g} s", (Task("s", f"sleep {seconds:g}"),), 2)


def output(megabytes: int) -> Workload:
    """Return two jobs that print a lot."""
    tasks = [Task(f"w{i}", f"head -c {megabytes}000000 /dev/zero") for i in range(2)]
    return Workload("output", f"two jobs that write {megabytes} MB each", (*tasks,), 2)


def plan(count: int) -> Workload:
    """Return `count` jobs with three dependencies each (fewer for the first ones)."""
    tasks = [
        Task(f"j{i}", "true", tuple(f"j{i - step}" for step in (11, 23, 50) if i >= step))
        for i in range(count)
    ]
    return Workload(f"plan-{count}", f"{count:,} jobs, planned and not run", (*tasks,), 2)


def longest_path(seconds: Mapping[str, float], edges: Mapping[str, Sequence[str]]) -> float:
    """Return the seconds of the longest chain of tasks; the graph must hold no cycle."""
    ends: dict[str, float] = {}

    def end(name: str) -> float:
        if name not in ends:
            ends[name] = seconds[name] + max(map(end, edges.get(name, ())), default=0.0)
        return ends[name]

    return max(map(end, seconds))


def as_lines(workload: Workload) -> str:
    """Return the tasks as the measured programs read them: name, needs, command, tab-separated."""
    return "".join(f"{t.name}\t{' '.join(t.needs)}\t{t.command}\n" for t in workload.tasks)
