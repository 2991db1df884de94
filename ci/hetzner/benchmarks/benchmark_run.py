"""One run of the benchmark: starts the programs in turns, in directories. Judges nothing."""

from __future__ import annotations

import dataclasses
import json
import os
import platform
import shutil
import statistics
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

from benchmarks import peers, runner_figures, table, workloads
from benchmarks.measuring import Cost, ProgramError, measure
from benchmarks.peers import FLOOR, OURS, POOL, Peer
from benchmarks.workloads import Workload

RUNNER = Path(__file__).resolve().parent.parent
RACES = {
    workload.name: workload
    for workload in (
        workloads.chain(100),
        workloads.chain(1000),
        workloads.wide(1000),
        workloads.layered(10, 50, 3),
        workloads.ci16(),
        workloads.output(200),
    )
}
PLANS = (1000, 5000, 20000, 80000)
OWN_CPU = "own-cpu"
ALONE = ("idle", "long", "start-up", "listeners", "views")  # figures of this runner alone
NAMES = (*RACES, *(f"plan-{count}" for count in PLANS), OWN_CPU, *ALONE)
SHORT = ("chain-100", "wide", "layered", "plan-5000", "plan-20000", OWN_CPU, "start-up")
LONG = 10_000  # jobs
REPORTED = 2000  # jobs of the run whose views are timed
CPU_JOBS = 5000
MOST_CPU_ROUNDS = 3  # so many jobs tell enough in few rounds, each of which takes half a minute
CPU_PEERS = (FLOOR, OURS, POOL, "make", "ninja")  # the others take minutes for so many jobs
WARM_UP = workloads.wide(1, "warm-up")


class BenchmarkRun:
    """Sets up the programs; `measured` fills up while it runs.

    Raises SetupError, OSError.
    """

    def __init__(self, tools: Path, rounds: int, *, peers_too: bool) -> None:
        self._rounds = rounds
        self._env = peers.environment(tools)
        peers.build_floor(tools)
        refused = peers.install(tools, sys.executable, peers.PINNED if peers_too else (), tell)
        found, absent = peers.all_peers(tools, self._env)
        self._peers = [p for p in found if peers_too or p.name in (FLOOR, OURS, POOL)]
        self.missing = [f"{name} is missing: {refused.get(name, 'not on PATH')}" for name in absent]
        self._ours = next(peer for peer in self._peers if peer.name == OURS)
        self._alone: dict[str, float] = {}
        self.own_cpu: dict[str, list[float]] = {}  # by peer, milliseconds a job, one a round
        self.measured: dict[str, dict[str, list[Cost]]] = {}
        self.paths: dict[str, float] = {}
        self.machine = describe_machine()
        # the first start of each compiles its imports
        self._take_turns(WARM_UP, [(p, p.argv(WARM_UP)) for p in self._peers], logs=1)
        del self.measured[WARM_UP.name]

    def run(self, names: Sequence[str]) -> None:
        """Measure these workloads. Raises ProgramError if this runner or the floor fails."""
        for name in names:
            tell(f"measuring {name}")
            if name in RACES:
                self._race(RACES[name])
            elif name.startswith("plan-"):
                self._plan(workloads.plan(int(name.removeprefix("plan-"))))
            elif name == OWN_CPU:
                self._own_cpu()
            else:
                self._measure_alone(name)

    def figures(self) -> dict[str, float]:
        """Return all figures of this runner that were measured."""
        found = table.figures(self.measured, self.paths) | self._alone
        return found | table.own_cpu_figures(self.own_cpu)

    def as_json(self) -> str:
        """Return everything: the machine, the figures and each single measurement."""
        whole = {
            "machine": self.machine,
            "figures": {name: round(value, 4) for name, value in self.figures().items()},
            "own CPU (milliseconds a job)": {
                peer: [round(value, 4) for value in values] for peer, values in self.own_cpu.items()
            },
            "measured (seconds, own CPU seconds, peak bytes)": {
                name: {
                    peer: [[round(c.wall, 5), round(c.cpu, 5), c.memory] for c in costs]
                    for peer, costs in rounds.items()
                }
                for name, rounds in self.measured.items()
            },
        }
        return json.dumps(whole, indent=1) + "\n"

    def _race(self, workload: Workload) -> None:
        self.paths[workload.name] = workload.path
        racers = [(peer, peer.argv(workload)) for peer in self._peers]
        self._take_turns(workload, racers, logs=len(workload.tasks))

    def _plan(self, workload: Workload) -> None:
        planners = [(peer, peer.plan(workload)) for peer in self._peers if peer.plan]
        dry = dataclasses.replace(self._ours, name=f"{OURS}, dry run")
        planners.append((dry, [*self._ours.argv(workload), "dry"]))
        self._take_turns(workload, planners, logs=0)

    def _own_cpu(self) -> None:
        """Measure the CPU time of each program itself, its children and its start apart."""
        one, many = workloads.wide(1, "one"), workloads.wide(CPU_JOBS, "many")
        for _ in range(min(self._rounds, MOST_CPU_ROUNDS)):
            for peer in self._peers:
                if peer.name in CPU_PEERS:
                    start = self._once(peer, one, peer.argv(one), 1).cpu
                    whole = self._once(peer, many, peer.argv(many), CPU_JOBS).cpu
                    a_job = (whole - start) / (CPU_JOBS - 1) * 1000
                    self.own_cpu.setdefault(peer.name, []).append(a_job)

    def _take_turns(
        self, workload: Workload, racers: list[tuple[Peer, list[str]]], *, logs: int
    ) -> None:
        """Run A B C A B C …; a peer that fails is left out from there on, and named."""
        rounds: dict[str, list[Cost]] = {}
        self.measured[workload.name] = rounds
        for number in range(self._rounds):
            for peer, argv in list(racers):
                if peer.slow and number:
                    continue
                try:
                    cost = self._once(peer, workload, argv, logs)
                    rounds.setdefault(peer.name, []).append(cost)
                except ProgramError as error:
                    if peer.name in (FLOOR, OURS):
                        raise
                    self.missing.append(f"{workload.name}: {peer.name}: {error}")
                    racers.remove((peer, argv))
                    rounds.pop(peer.name, None)

    def _once(self, peer: Peer, workload: Workload, argv: Sequence[str], logs: int) -> Cost:
        with place(peer, workload) as directory:
            cost = measure(argv, directory, self._env)
            names = {path.stem for path in (directory / "logs").iterdir()}
            if logs and len(names.intersection(task.name for task in workload.tasks)) != logs:
                raise ProgramError(f"{peer.name}: expected {logs} logs, found {len(names)}")
        return cost

    def _measure_alone(self, name: str) -> None:
        ours = self._ours
        if name == "start-up":
            python = ours.argv(RACES["wide"])[0]
            self._alone |= runner_figures.start_up(python, RUNNER, self._env, self._rounds * 3)
        elif name == "idle":
            workload = workloads.idle(runner_figures.IDLE[1] + 0.5)
            with place(ours, workload) as directory:
                self._alone |= runner_figures.idle(ours.argv(workload), directory, self._env)
        elif name == "long":
            workload = workloads.wide(LONG, "long")
            with place(ours, workload) as directory:
                argv = [*ours.argv(workload), "long"]
                self._alone |= runner_figures.long(argv, directory, self._env)
        elif name == "views":
            self._alone |= self._with_views(RACES["wide"])
        else:
            self._alone |= self._with_listeners(RACES["wide"])

    def _with_views(self, workload: Workload) -> dict[str, float]:
        """Measure jobs in a store against none, in turns, and the time of all views of a run."""
        found: dict[str, list[float]] = {"views": [], "bare": []}
        for _ in range(self._rounds):
            for mode, seconds in found.items():
                seconds.append(self._seconds(workload, mode))
        pairs = zip(found["views"], found["bare"], strict=True)
        reports = self._seconds(workloads.wide(REPORTED, "reports"), "reports")
        return {
            "views: jobs to those without": statistics.median(a / b for a, b in pairs),
            f"views: CPU for {REPORTED} jobs": reports,
        }

    def _seconds(self, workload: Workload, mode: str) -> float:
        """Run a workload; return the seconds that it tells. Raises ProgramError."""
        with place(self._ours, workload) as directory:
            measure([*self._ours.argv(workload), mode], directory, self._env)
            return float((directory / "seconds").read_text())

    def _with_listeners(self, workload: Workload) -> dict[str, float]:
        modes = ("deaf", "listeners", "statuses")
        costs: dict[str, list[Cost]] = {mode: [] for mode in modes}
        server = runner_figures.StatusServer()
        for _ in range(self._rounds):
            for mode in modes:
                with place(self._ours, workload) as directory:
                    env = {**self._env, **server.settings(directory)}
                    argv = [*self._ours.argv(workload), mode]
                    costs[mode].append(measure(argv, directory, env))
        server.close()
        return {
            f"{what}: to none": statistics.median(table.ratios(costs, mode, "deaf"))
            for what, mode in (("listeners", "listeners"), ("a status for each job", "statuses"))
        }


@contextmanager
def place(peer: Peer, workload: Workload) -> Iterator[Path]:
    """Make a directory with a program's files, on tmpfs if there is one; remove it again.

    Some file systems make files slowly for minutes after many were removed.
    """
    memory = Path("/dev/shm")
    parent = memory if memory.is_dir() and os.access(memory, os.W_OK) else None
    directory = Path(tempfile.mkdtemp(prefix="ci-bench-", dir=parent))
    try:
        (directory / "logs").mkdir()
        for name, text in peer.files(workload).items():
            (directory / name).write_text(text)
        yield directory
    finally:
        shutil.rmtree(directory)


def describe_machine() -> Mapping[str, object]:
    """Return the facts of the machine behind the figures; no name of a host and no path."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        for line in information.read_text().splitlines():
            if line.startswith("model name"):
                model = line.partition(":")[2].strip()
    return {
        "processors": os.cpu_count(),
        "model": model,
        "kernel": platform.release(),
        "Python": platform.python_version(),
        "load before": round(os.getloadavg()[0], 1),
    }


def tell(text: str) -> None:
    """Print progress to stderr."""
    print(text, file=sys.stderr, flush=True)
