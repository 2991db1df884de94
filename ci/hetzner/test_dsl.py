#!/usr/bin/env python3
"""The fast tests: `python3 test_dsl.py`. Standard library only, no set-up, under a minute.

They are in tests/unit, tests/rules and tests/runs/quick; a test's name is the rule that it checks.
Each module runs in a process of its own, as many at once as there are processors. check.py runs
these and all others.

`python3 test_dsl.py tests.unit.common.test_clock` runs the named modules, classes or single tests.
"""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import subprocess
import sys
import time
import unittest
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 240.0  # seconds for one module, which takes 20 on a quiet machine
FAST = ("unit", "rules", "runs/quick")
# the slowest modules, to begin with: whatever is begun last is waited for
SLOW = ("tests.runs.quick.test_pipeline", "tests.rules.test_random_runs")


def main(names: Sequence[str]) -> int:
    """Run the named tests here, or all fast ones side by side; 0 if all passed."""
    # nohup, and a shell in the background, start us with some ignored, which tests would inherit
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not names:
        return run_modules()
    faulthandler.dump_traceback_later(PATIENCE, exit=True)  # of a test that hangs, where it does
    suite = unittest.defaultTestLoader.loadTestsFromNames(list(names))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    # a run of no tests has shown nothing
    return 0 if result.wasSuccessful() and result.testsRun else 1


def run_modules() -> int:
    """Run each module in a process; print what failed, and unittest's closing lines for all."""
    began = time.monotonic()
    modules = [
        ".".join(path.relative_to(HERE).with_suffix("").parts)
        for room in FAST
        for path in sorted((HERE / "tests" / room).rglob("test_*.py"))
    ]
    modules.sort(key=lambda module: SLOW.index(module) if module in SLOW else len(SLOW))
    with ThreadPoolExecutor(os.cpu_count() or 1) as pool:
        ended = list(pool.map(run_module, modules))
    total, failed = 0, []
    for module, (code, output) in zip(modules, ended, strict=True):
        ran = re.search(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
        total += int(ran[1]) if ran else 0
        if code != 0 or not ran:
            failed.append(module)
            print(f"{output.rstrip()}\n{module}: exit code {code}\n")
    print(f"Ran {total} tests in {time.monotonic() - began:.1f}s\n")
    print(f"FAILED ({', '.join(failed)})" if failed or not total else "OK")
    return 1 if failed or not total else 0


def run_module(module: str) -> tuple[int, str]:
    """Run the tests of one module; return the exit code and what they printed."""
    done = subprocess.run(
        [sys.executable, str(HERE / "test_dsl.py"), module],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    return done.returncode, done.stdout


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main(sys.argv[1:]))
