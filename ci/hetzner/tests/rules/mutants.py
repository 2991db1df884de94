#!/usr/bin/env python3
"""Breaks the scheduler and the verdict in small ways and sees whether the tests notice.

`mutants.py` tries all mutants that mutate.py makes of FILES, `--sample N` some of them, others
after each change of these files; a word restricts it to mutants whose name holds it. A mutant is
killed if a unit test or a random run fails. One that survives has to be explained in survivors.txt,
or a test is missing. Exit code 1: a mutant survives unexplained, an explained one is killed, or
survivors.txt names one that is not there.
"""

from __future__ import annotations

import argparse
import ast
import contextlib
import gc
import importlib
import io
import os
import random
import resource
import sys
import tempfile
import time
import unittest
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

if __name__ == "__main__":
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from tests.rules import mutate, swap
from tests.rules.mutate import HERE, Mutant

# of lib/model; others join when their survivors have been looked at
PURE = (
    "attempt_outcome",
    "graph",
    "phases",
    "restoring",
    "result",
    "run_facts",
    "run_plan",
    "selection",
    "urgency",
    "verdict",
    "verdict_sentence",
)
FILES = (
    *sorted(str(path.relative_to(HERE)) for path in (HERE / "lib/scheduler").glob("*.py")),
    *(f"lib/model/{name}.py" for name in PURE),
)
SURVIVORS = Path(__file__).with_name("survivors.txt")
ROOMS = ("scheduler", "model")  # of tests/unit
BY_NAME = [f"tests.rules.test_random_runs.{name}" for name in ("Broken", "Found")]
RUNS = 400  # random ones for each mutant
FIRST = 20  # of them before the unit tests: they kill most mutants, and cost less
PATIENCE = 10  # seconds of processor time; a mutant that has not ended by then loops
MEMORY = 2 << 30  # bytes
TELL = 100  # mutants from one line of progress to the next
# mutants that change nothing, one for each way to put a mutant in place
UNCHANGED = [
    Mutant("", f"unchanged {in_function}", ast.Module([], []), lambda: None, in_function)
    for in_function in (True, False)
]


def main(arguments: Sequence[str]) -> int:
    """Try the mutants, as many at once as asked for; 0 if each is killed or explained."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("word", nargs="?", default="", help="those whose names hold this")
    parser.add_argument("--sample", type=int, metavar="N", help="N of them")
    parser.add_argument("--runs", type=int, default=RUNS, help="random runs for each mutant")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, help="mutants at once")
    given = parser.parse_args(arguments)
    every = {mutant.name: mutant for path in FILES for mutant in mutate.mutants(path)}
    explained = dict(survivors())
    lost = sorted(explained.keys() - every.keys())
    chosen = sample([m for name, m in every.items() if given.word in name], given.sample)
    began = time.monotonic()
    failing_run([])  # loads all that the children need
    unit_tests()
    loaded = swap.functions(FILES)
    gc.freeze()  # a collection in a child would copy the shared memory
    with tempfile.TemporaryDirectory() as directory:
        os.environ["TMPDIR"] = tempfile.tempdir = directory  # killed tests leave files
        for said in try_all(UNCHANGED, given.runs, given.j, loaded).values():
            if said:
                print(f"fails without any mutant: {said}")
                return 1
        found = try_all(chosen, given.runs, given.j, loaded)
    return report(found, explained, lost, time.monotonic() - began)


def sample(mutants: Sequence[Mutant], count: int | None) -> Sequence[Mutant]:
    """Return some of the mutants; the same ones as long as the files are the same."""
    if count is None or count >= len(mutants):
        return mutants
    return random.Random("".join(map(mutate.source, FILES))).sample(mutants, count)


def survivors() -> Iterator[tuple[str, str]]:
    """Yield the explained mutants with the reason: an indented line belongs to the one above."""
    reason = ""
    for line in SURVIVORS.read_text().splitlines():
        if line.startswith(" "):
            yield line.strip(), reason
        else:
            reason = line


def report(
    found: Mapping[str, str], explained: Mapping[str, str], lost: Sequence[str], seconds: float
) -> int:
    """Print the problems and the counts; return the exit code."""
    wrong = [f"NOT THERE  {name}" for name in lost]
    for name, killed_by in found.items():
        if killed_by and name in explained:
            wrong.append(f"KILLED, THOUGH EXPLAINED  {name}  by {killed_by}")
        elif not killed_by and name not in explained:
            wrong.append(f"SURVIVED  {name}")
    print("\n".join(wrong))
    killed = sum(map(bool, found.values()))
    print(f"{killed} of {len(found)} mutants are killed in {seconds:.0f} s, {len(wrong)} wrong")
    return 1 if wrong else 0


def try_all(
    mutants: Sequence[Mutant], runs: int, at_once: int, loaded: swap.Functions
) -> dict[str, str]:
    """Return by name of the mutant what kills it, '' for those that survive."""
    running: dict[int, tuple[Mutant, io.BufferedReader]] = {}
    found: dict[str, str] = {}
    left = list(reversed(mutants))
    while left or running:
        while left and len(running) < at_once:
            mutant = left.pop()
            pid, reader = start(mutant, runs, loaded)
            running[pid] = mutant, reader
        pid, status = os.wait()
        mutant, reader = running.pop(pid)
        with reader:
            said = reader.read().decode()
        ended = os.waitstatus_to_exitcode(status)
        found[mutant.name] = said if ended == 0 else f"the end of the process: {ended}"
        if len(found) % TELL == 0:
            print(f"{len(found)} of {len(mutants)}", flush=True)
    return {mutant.name: found[mutant.name] for mutant in mutants}


def start(mutant: Mutant, runs: int, loaded: swap.Functions) -> tuple[int, io.BufferedReader]:
    """Fork a child that writes what kills the mutant; return its pid and the other end."""
    reader, writer = os.pipe()
    if pid := os.fork():
        os.close(writer)
        return pid, open(reader, "rb")  # noqa: PTH123  a descriptor, closed by `try_all`
    try:
        # a mutant that loops, or fills the memory, is killed by that
        resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE))
        resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
        os.write(writer, killer(mutant, runs, loaded).encode()[:4000])
        os._exit(0)
    finally:
        os._exit(1)


def killer(mutant: Mutant, runs: int, loaded: swap.Functions) -> str:
    """Return what kills a mutant, '' if it survives."""
    swap.put_in_place(mutant, loaded)
    try:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            first = min(runs, FIRST)
            return failing_run(range(first)) or failing_test() or failing_run(range(first, runs))
    except (Exception, SystemExit) as error:  # noqa: BLE001  of a mutant, any counts
        return f"{type(error).__name__}: {error}"


def unit_tests() -> unittest.TestSuite:
    """Load the unit tests of the rooms."""
    import test_dsl

    names = [name for room in ROOMS for name in test_dsl.modules(f"unit/{room}")]
    return unittest.defaultTestLoader.loadTestsFromNames(names + BY_NAME)


def failing_test() -> str:
    """Return the first unit test that fails, or ''."""
    suite = unit_tests()
    result = unittest.TestResult()
    result.failfast = True
    suite.run(result)
    return ", ".join(str(test) for test, _ in (*result.failures, *result.errors))


def failing_run(runs: Sequence[int]) -> str:
    """Return the random run before the umpire that fails first, or ''."""
    cases = importlib.import_module("tests.rules.cases")
    examine = importlib.import_module("tests.rules.play")
    for index in runs:
        try:
            examine.examine(cases.draw_case(cases.Seeded(f"mutant:{index}")))
        except Exception as error:  # noqa: BLE001  the same
            return f"run {index}: {error}"
    return ""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
