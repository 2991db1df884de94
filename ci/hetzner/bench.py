#!/usr/bin/env python3
"""How fast is this runner? Side by side with ninja, make and others, over a floor in C.

    python3 ci/hetzner/bench.py            all workloads and peers, about ten minutes
    python3 ci/hetzner/bench.py --short    the workloads that tell most, without installing peers

The programs take turns (A B C A B C …), so that other load of the machine hits all of them; ratios
are taken within a round. It installs its peers below the state directory.
"""

from __future__ import annotations

import argparse
import json
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

if __name__ == "__main__" and sys.flags.safe_path:  # then Python leaves out where we are (-P)
    sys.path.insert(0, str(Path(__file__).resolve().parent))

from benchmarks import table
from benchmarks.benchmark_run import NAMES, SHORT, BenchmarkRun
from benchmarks.measuring import ProgramError
from benchmarks.peers import SetupError
from lib.common import program_end
from lib.configuration import settings

HERE = Path(__file__).resolve().parent
LAST, PAGE = HERE / "benchmarks" / "last.json", HERE / "docs" / "benchmarks.md"


def main(arguments: Sequence[str]) -> int:
    """Measure, print the report; 1 if a target is missed by more than --fail-above allows."""
    given = parse(arguments)
    # TERM ends it as Ctrl-C does, so that no program and no directory is left behind
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    names = given.workloads or (SHORT if given.short else NAMES)
    try:
        if given.keep:  # a page without marks fails now, not after ten minutes
            table.between_marks(PAGE.read_text(), [])
        state = settings.load_anywhere().state_dir / "bench"
        rounds = given.rounds or (5 if given.short else 7)
        run = BenchmarkRun(state, rounds, peers_too=not given.short)
        run.run(names)
    except (SetupError, ProgramError, ValueError, OSError) as error:
        print(f"bench.py: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    found = run.figures()
    print(table.markdown(run.measured, run.paths, found, run.machine, run.own_cpu))
    print("\n".join(["", *table.ahead(run.measured), *run.missing]).rstrip())
    if given.compare:
        before = json.loads(given.compare.read_text())["figures"]
        print("\n" + "\n".join(table.comparison(before, found)))
    if given.json:
        given.json.write_text(run.as_json())
    if given.keep:
        LAST.write_text(run.as_json())
        lines = [table.machine_line(run.machine), ""]
        lines += table.matrix(run.measured, run.paths)
        lines += ["", *table.own_cpu_lines(run.own_cpu)]
        PAGE.write_text(table.between_marks(PAGE.read_text(), lines))
    best = table.figures(run.measured, run.paths, of=min)
    bad = table.verdicts(best, given.fail_above) if given.fail_above else []
    print("".join(f"TOO SLOW {line}\n" for line in bad), end="", file=sys.stderr)
    return 1 if bad else 0


def parse(arguments: Sequence[str]) -> argparse.Namespace:
    """Read the command line; bad usage ends with exit code 2."""
    parser = argparse.ArgumentParser(
        description=__doc__,
        allow_abbrev=False,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--short", action="store_true", help="two minutes, without peers")
    parser.add_argument("--rounds", type=int, help="how often each program runs (default 7)")
    parser.add_argument("--workloads", type=known, help=f"some of {','.join(NAMES)}")
    parser.add_argument("--keep", action="store_true", help="in last.json and docs/benchmarks.md")
    parser.add_argument("--json", type=Path, help="also write everything to this file")
    parser.add_argument("--compare", type=Path, help="show the changes since a --json file")
    parser.add_argument(
        "--fail-above",
        type=float,
        metavar="FACTOR",
        help="fail if a ratio exceeds FACTOR × target in each round",
    )
    given = parser.parse_args(arguments)
    if given.rounds is not None and given.rounds < 1:
        parser.error(f"--rounds: expected 1 or more, found {given.rounds}")
    if given.keep and (given.short or given.workloads):
        parser.error("--keep: only a run of everything is kept")
    return given


def known(text: str) -> list[str]:
    """Return the workloads of a comma-separated list. Raises ArgumentTypeError."""
    names = text.split(",")
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: not one of {', '.join(NAMES)}")
    return names


if __name__ == "__main__":
    program_end.leave(lambda: main(sys.argv[1:]))
