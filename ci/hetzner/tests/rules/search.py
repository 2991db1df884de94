#!/usr/bin/env python3
"""Searches for a run that breaks a rule.

`search.py` has hypothesis look for one and shrink it; `search.py --runs N --seed S` plays N seeded
runs with the standard library alone; `search.py --replay S:INDEX` plays one of those and prints it.
"""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from types import MappingProxyType
from typing import Any

if __name__ == "__main__":
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from lib.model.job import Job
from lib.scheduler.protocol import StepKind
from tests.rules.cases import Seeded, draw_case
from tests.rules.play import REACHED, examine
from tests.rules.reference import Case
from tests.support.fakes import CACHED, Fate

EXAMPLES = 20_000
SECTION = 64  # choices that are drawn together: fewer draws are faster, smaller ones shrink better
TELL = 50_000  # runs from one line of progress to the next


class Drawn:
    """Choices that hypothesis makes, a handful at a time."""

    def __init__(self, draw: Callable[[Any], bytes], strategy: object) -> None:
        self._draw = draw
        self._strategy = strategy
        self._drawn = b""
        self._used = 0

    def below(self, bound: int) -> int:
        if self._used == len(self._drawn):
            self._drawn, self._used = self._draw(self._strategy), 0
        self._used += 1
        return self._drawn[self._used - 1] * bound >> 8

    def section(self) -> None:
        self._used = len(self._drawn)


def search(examples: int, seed: int) -> Counter[str]:
    """Have hypothesis examine runs; raises for a rule that is broken, with the smallest run."""
    import hypothesis
    from hypothesis import HealthCheck, Phase, strategies

    reached: Counter[str] = Counter()
    handful = strategies.binary(min_size=SECTION, max_size=SECTION)

    def examine_one(case: Case) -> None:
        try:
            reached.update(examine(case), runs=1)
        except Exception:
            hypothesis.note(describe(case))
            raise

    settings = hypothesis.settings(
        max_examples=examples,
        database=None,
        deadline=None,
        phases=[Phase.generate, Phase.shrink],
        suppress_health_check=list(HealthCheck),
    )
    cases = strategies.composite(lambda draw: draw_case(Drawn(draw, handful)))()
    given = hypothesis.given(case=cases)
    settings(hypothesis.seed(seed)(given(examine_one)))()
    return reached


def soak(runs: int, seed: str) -> Counter[str]:
    """Examine seeded runs; raises for a rule that is broken, with the seed that replays it."""
    reached: Counter[str] = Counter()
    began = time.process_time()
    for index in range(runs):
        one = f"{seed}:{index}"
        try:
            reached.update(examine(draw_case(Seeded(one))), runs=1)
        except Exception as error:
            raise AssertionError(f"search.py --replay {one}: {error}") from error
        if (index + 1) % TELL == 0:
            rate = (index + 1) / (time.process_time() - began)
            print(f"{index + 1} runs, {rate:.0f} in a second of one processor", flush=True)
    return reached


def describe(case: Case) -> str:
    """Return a case as Python that makes it."""
    jobs = [f"    {job_text(job)}," for job in case.jobs]
    fates = [
        f"    {name!r}: [{', '.join(made_by(fate, Fate()) for fate in several)}],"
        for name, several in case.fates.items()
    ]
    rest = [f"    {text}," for text in changed(case, Case(case.jobs, case.fates))]
    return "\n".join(["Case([", *jobs, "], {", *fates, "},", *rest, ")"])


def job_text(job: Job) -> str:
    """Return a job as Python that makes it."""
    usual = Job(job.name, job.cmd, cache=job.cache)
    cache = ["cache=CACHED"] if job.cache is CACHED else []
    return f"Job({', '.join([repr(job.name), repr(job.cmd), *changed(job, usual), *cache])})"


def made_by(made: object, usual: object) -> str:
    """Return a call that makes an object."""
    return f"{type(made).__name__}({', '.join(changed(made, usual))})"


def changed(made: object, usual: object) -> list[str]:
    """Return `field=value` for each field that is not as usual."""
    differs = {
        k: dict(v) if isinstance(v, MappingProxyType) else v
        for k, v in vars(made).items()
        if v != vars(usual)[k]
    }
    return [
        f"{name}={value if isinstance(value, StepKind) else repr(value)}".replace("inf", "math.inf")
        for name, value in differs.items()
    ]


def main(arguments: Sequence[str]) -> int:
    """Search, soak or replay; 0 if every rule held and everything was reached."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--examples", type=int, default=EXAMPLES, help="runs for hypothesis")
    parser.add_argument("--runs", type=int, help="seeded runs instead, without hypothesis")
    parser.add_argument("--seed", type=int, default=0, help="another seed, other runs")
    parser.add_argument("--replay", metavar="SEED:INDEX", help="print one run and play it")
    given = parser.parse_args(arguments)
    if given.replay:
        case = draw_case(Seeded(given.replay))
        print(describe(case), flush=True)
        print(dict(examine(case)))
        return 0
    began = time.process_time()
    reached = soak(given.runs, given.seed) if given.runs else search(given.examples, given.seed)
    seconds = time.process_time() - began
    runs = reached.pop("runs")
    print(", ".join(f"{what}: {times}" for what, times in sorted(reached.items())))
    print(f"{runs} runs in {seconds:.1f} s of one processor, {runs / seconds:.0f} a second")
    missed = [what for what in REACHED if not reached[what]]
    if missed:
        print(f"never reached: {', '.join(missed)}")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
