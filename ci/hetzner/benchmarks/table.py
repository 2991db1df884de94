"""Figures, ratios, targets and their tables. Pure functions over measurements."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from benchmarks.measuring import Cost
from benchmarks.peers import FLOOR, OURS, POOL

Rounds = Mapping[str, Sequence[Cost]]  # by peer, one cost a round


class Spread(NamedTuple):
    """Several measurements of one thing."""

    median: float
    least: float
    most: float
    rounds: int


@dataclass(frozen=True)
class Target:
    """The limit of a figure, and its unit for people."""

    figure: str
    limit: float
    unit: str = "×"


TARGETS = (
    Target("chain-100: ratio", 1.45),
    Target("chain-1000: ratio", 1.25),
    Target("wide: ratio", 1.25),
    Target("layered: ratio", 1.25),
    Target("ci16: over the critical path", 50, "ms"),
    Target("own CPU: of the thread pool's", 1.0),
    Target("idle: CPU in 5 s", 2, "ms"),
    Target("output: ratio", 1.05),
    Target("plan-20000: seconds", 0.5, "s"),
    Target("plan-20000: memory", 100, "MB"),
    Target("plan: growth of time a job", 1.5),
    Target("long: descriptors gained", 0, ""),
    Target("long: memory a job", 2000, "bytes"),
    Target("long: last thousand to first", 1.1),
    Target("start-up: pipeline.py --list", 100, "ms"),
    Target("start-up: import dsl", 40, "ms"),
    Target("listeners: to none", 1.1),
    Target("views: jobs to those without", 1.15),
    Target("views: CPU for 2000 jobs", 2, "s"),
)
MARK = "<!-- bench.py --keep -->"
FEW = 5000  # jobs of the smallest plan that growth is taken from
AHEAD: Mapping[str, Sequence[str]] = {  # programs that may not be faster, by workload; (): none may
    "chain-1000": (),
    "wide": ("make", "ninja"),
    "layered": ("make", "ninja"),
}


def spread(values: Sequence[float]) -> Spread:
    """Return the median and the range."""
    return Spread(statistics.median(values), min(values), max(values), len(values))


def ratios(rounds: Rounds, peer: str, base: str = FLOOR) -> list[float]:
    """Return how much longer a peer took than another one, for each round."""
    pairs = zip(rounds[peer], rounds[base], strict=False)  # slow peers have fewer rounds
    return [one.wall / other.wall for one, other in pairs]


def rows(name: str, rounds: Rounds, path: float) -> list[str]:
    """Return the Markdown rows of one workload, the fastest peer first.

    With a critical `path` in seconds the ratio gives way to the milliseconds beyond it.
    """
    made = []
    by_time = sorted(rounds, key=lambda peer: spread([c.wall for c in rounds[peer]]).median)
    for peer in by_time:
        costs = rounds[peer]
        wall = spread([cost.wall for cost in costs])
        if path:
            over = spread([(cost.wall - path) * 1000 for cost in costs])
            ratio = f"+{over.median:.0f} ms ({over.least:.0f}–{over.most:.0f})"
        elif FLOOR in rounds:
            against = spread(ratios(rounds, peer))
            ratio = f"{against.median:.2f} ({against.least:.2f}–{against.most:.2f})"
        else:
            ratio = "–"
        cpu = statistics.median(cost.cpu for cost in costs)
        memory = max(cost.memory for cost in costs) / 1e6
        shown = f"**{peer}**" if peer == OURS else peer
        made.append(
            f"| {name} | {shown} | {_seconds(wall)} | {ratio} | {cpu:.3f} | {memory:.0f} "
            f"| {wall.rounds} |"
        )
        name = ""
    return made


def _seconds(wall: Spread) -> str:
    return f"{wall.median:.3f} ({wall.least:.3f}–{wall.most:.3f})"


def figures(
    measured: Mapping[str, Rounds],
    paths: Mapping[str, float],
    of: Callable[[Sequence[float]], float] = statistics.median,
) -> dict[str, float]:
    """Return the figures of this runner that targets speak of, from the measured workloads.

    `of` makes one number of those of all rounds: the median tells how it is, the least what not
    even a busy machine explains. How plans grow is told by CPU seconds, which no load doubles.
    """
    found = {}
    seconds = {}
    for name, rounds in measured.items():
        ours = of([cost.wall for cost in rounds[OURS]])
        if paths.get(name):
            found[f"{name}: over the critical path"] = (ours - paths[name]) * 1000
        elif name.startswith("plan-"):
            seconds[int(name.removeprefix("plan-"))] = of([cost.cpu for cost in rounds[OURS]])
            found[f"{name}: seconds"] = ours
            found[f"{name}: memory"] = max(cost.memory for cost in rounds[OURS]) / 1e6
        elif FLOOR in rounds:
            found[f"{name}: ratio"] = of(ratios(rounds, OURS))
    large = [count for count in sorted(seconds) if count >= FEW]  # the start is most of a small one
    if len(large) > 1:
        few, many = large[0], large[-1]
        found["plan: growth of time a job"] = seconds[many] / many / (seconds[few] / few)
    return found


def own_cpu_figures(own_cpu: Mapping[str, Sequence[float]]) -> dict[str, float]:
    """Return the figures of the CPU time a job, from milliseconds by peer, one a round."""
    if not own_cpu:
        return {}
    ours = own_cpu[OURS]
    ratio = statistics.median(a / b for a, b in zip(ours, own_cpu[POOL], strict=True))
    return {
        "own CPU: ms a job": statistics.median(ours),
        "own CPU: of the thread pool's": ratio,
    }


def own_cpu_lines(own_cpu: Mapping[str, Sequence[float]]) -> list[str]:
    """Return a Markdown table of the CPU time a job of each program itself."""
    if not own_cpu:
        return []
    cells = (f"{statistics.median(values):.3f}" for values in own_cpu.values())
    return [
        f"| own CPU time | {' | '.join(own_cpu)} |",
        "|---" * (len(own_cpu) + 1) + "|",
        f"| ms a job | {' | '.join(cells)} |",
    ]


def ahead(measured: Mapping[str, Rounds]) -> list[str]:
    """Return the peers that were faster than this runner where they may not be, a sentence each."""
    return [
        f"{name}: {peer} was faster, this runner took {ratio:.2f} × its time"
        for name, behind in AHEAD.items()
        for peer in measured.get(name, {})
        if peer not in (FLOOR, OURS)
        and (not behind or peer in behind)
        and (ratio := statistics.median(ratios(measured[name], OURS, peer))) > 1
    ]


def verdicts(found: Mapping[str, float], margin: float = 1.0) -> list[str]:
    """Return a sentence for each ratio that misses its target by more than the factor `margin`.

    Milliseconds say as much of the machine as of the runner, so that nothing may fail on them.
    """
    return [
        f"{target.figure}: expected at most {target.limit * margin:g} {target.unit}, "
        f"found {found[target.figure]:.2f}"
        for target in TARGETS
        if target.unit == "×"
        and target.figure in found
        and found[target.figure] > target.limit * margin
    ]


def matrix(measured: Mapping[str, Rounds], paths: Mapping[str, float]) -> list[str]:
    """Return a small Markdown table: a row for each workload, a column for each program.

    It holds medians: of the ratio to the floor, of the milliseconds beyond a critical path, or of
    the seconds where there is no floor.
    """
    programs = list(dict.fromkeys(peer for rounds in measured.values() for peer in rounds))
    lines = [f"| | {' | '.join(programs)} |", "|---" * (len(programs) + 1) + "|"]
    for name, rounds in measured.items():
        cells = []
        for peer in programs:
            costs = rounds.get(peer, ())
            walls = [cost.wall - paths.get(name, 0.0) for cost in costs]
            if not costs:
                cells.append("–")
            elif paths.get(name):
                cells.append(f"+{statistics.median(walls) * 1000:.0f} ms")
            elif FLOOR in rounds:
                cells.append(f"{statistics.median(ratios(rounds, peer)):.2f}")
            else:
                cells.append(f"{statistics.median(walls):.2f} s")
        lines.append(f"| {name} | {' | '.join(cells)} |")
    return lines


def target_rows(found: Mapping[str, float]) -> list[str]:
    """Return the Markdown rows of the targets that were measured."""
    made = []
    for target in TARGETS:
        if target.figure in found:
            value = found[target.figure]
            word = "met" if value <= target.limit else "**missed**"
            made.append(
                f"| {target.figure} | {value:.2f} | {target.limit:g} {target.unit} | {word} |"
            )
    return made


def markdown(
    measured: Mapping[str, Rounds],
    paths: Mapping[str, float],
    found: Mapping[str, float],
    machine: Mapping[str, object],
    own_cpu: Mapping[str, Sequence[float]],
) -> str:
    """Return the whole report."""
    lines = [machine_line(machine), ""]
    lines += [*matrix(measured, paths), "", *own_cpu_lines(own_cpu), ""]
    lines += [
        "| workload | program | seconds: median (min–max) | × floor | CPU s | peak MB | rounds |",
        "|---|---|---|---|---|---|---|",
    ]
    for name, rounds in measured.items():
        lines += rows(name, rounds, paths.get(name, 0.0))
    lines += ["", "| figure of this runner | measured | target | |", "|---|---|---|---|"]
    return "\n".join([*lines, *target_rows(found)])


def machine_line(machine: Mapping[str, object]) -> str:
    """Return the machine that the figures were measured on, in one line."""
    return ", ".join(f"{key} {value}" for key, value in machine.items())


def between_marks(text: str, lines: Sequence[str]) -> str:
    """Return a text with these lines in place of those between its two marks. Raises ValueError."""
    parts = text.split(MARK)
    if len(parts) != 3:
        raise ValueError(f"expected two lines {MARK!r}, found {len(parts) - 1}")
    return MARK.join([parts[0], "\n" + "\n".join(lines) + "\n", parts[2]])


def comparison(before: Mapping[str, float], now: Mapping[str, float]) -> list[str]:
    """Return a Markdown table of the changes since another run, the largest change first."""
    both = [name for name in now if name in before]

    def change(name: str) -> float:
        return now[name] / before[name] - 1 if before[name] else float(now[name] != 0)

    lines = ["| figure | before | now | change |", "|---|---|---|---|"]
    lines += [
        f"| {name} | {before[name]:.2f} | {now[name]:.2f} | {change(name):+.0%} |"
        for name in sorted(both, key=lambda name: -abs(change(name)))
    ]
    lines += [f"| {name} | – | {now[name]:.2f} | new |" for name in now if name not in before]
    lines += [f"| {name} | {before[name]:.2f} | – | gone |" for name in before if name not in now]
    return lines
