#!/usr/bin/env python3
"""Breaks the loop in small ways and sees whether random runs notice: `mutants.py [--only N,…]`.

Each mutant of the table is a copy of the project with one text replaced by another. It is killed
when a seeded search in the copy fails. One that survives has to be explained in the table: it
changes nothing that a rule is about. Red if a mutant survives unexplained, if an explained one is
killed after all, or if a text to be replaced is not found exactly once.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

if __name__ == "__main__":
    sys.path[: not sys.flags.safe_path] = [str(Path(__file__).resolve().parents[2])]

from tests.rules.mutations import TABLE, Mutant

HERE = Path(__file__).resolve().parents[2]
RUNS = 8_000
PATIENCE = 300.0  # seconds; a mutant that has not ended by then loops


def main(arguments: Sequence[str]) -> int:
    """Try the mutants, as many at once as asked for; 0 if all are killed or explained."""
    parser = argparse.ArgumentParser(description=__doc__, allow_abbrev=False)
    parser.add_argument("--only", type=lambda text: [int(n) for n in text.split(",")])
    parser.add_argument("--runs", type=int, default=RUNS, help="random runs for each mutant")
    parser.add_argument("-j", type=int, default=os.cpu_count() or 1, help="mutants at once")
    given = parser.parse_args(arguments)
    chosen = [(n, TABLE[n]) for n in given.only or range(len(TABLE))]
    lost = [(n, m) for n, m in chosen if (HERE / m.file).read_text().count(m.old) != 1]
    for number, mutant in lost:
        print(f"{number} {mutant.file}: not found exactly once: {mutant.old!r}")
    if lost:
        return 1
    with ThreadPoolExecutor(given.j) as pool:
        killers = list(pool.map(lambda one: killer(one[1], given.runs), chosen))
    wrong = 0
    for (number, mutant), killed_by in zip(chosen, killers, strict=True):
        if bool(killed_by) != bool(mutant.same):
            print(
                f"{number:3} {'killed   ' if killed_by else 'explained'} {killed_by or mutant.same}"
            )
            continue
        wrong += 1
        print(f"{number:3} {'KILLED, THOUGH EXPLAINED' if killed_by else 'SURVIVED'} {mutant}")
    killed = sum(map(bool, killers))
    print(f"{killed} of {len(chosen)} mutants are killed, {wrong} are not as the table says")
    return 1 if wrong else 0


def killer(mutant: Mutant, runs: int) -> str:
    """Return what kills a mutant: the last line of a search in a copy of the project, or ''."""
    with tempfile.TemporaryDirectory() as directory:
        copy = Path(directory)
        for part in ("lib", "tests"):
            shutil.copytree(HERE / part, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
        broken = copy / mutant.file
        broken.write_text(broken.read_text().replace(mutant.old, mutant.new))
        command = [sys.executable, "tests/rules/search.py", "--runs", str(runs)]
        try:
            done = subprocess.run(
                command, cwd=copy, capture_output=True, text=True, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            return "does not end"
    if done.returncode == 0:
        return ""
    return (done.stderr or done.stdout).strip().splitlines()[-1]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
