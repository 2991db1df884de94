#!/usr/bin/env python3
"""The fast tests: `python3 test_dsl.py`. Standard library only, no set-up.

They take half a minute on two quiet processors, minutes on busy ones.

They are all tests in three directories; a test's name is the rule that it checks:

- tests/unit: one room of lib/ each, no process is started. All in one interpreter.
- tests/rules: the loop before the rules of a run. All in one interpreter.
- tests/runs/quick: real processes. Each module in its own interpreter, since they change signals
  and adopt processes. They show each promise once; the rest is in tests/runs.

check.py runs these and all other tests.
`python3 test_dsl.py tests.unit tests.runs.quick.test_spawn` runs the named directories, modules,
classes or single tests.
"""

from __future__ import annotations

import faulthandler
import os
import re
import signal
import subprocess
import sys
import tempfile
import time
import unittest
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

HERE = Path(__file__).resolve().parent
PATIENCE = 480.0  # seconds for one interpreter, which takes 10 on a quiet machine
STARTS = {"subprocess.Popen", "os.fork", "os.forkpty", "os.posix_spawn", "os.system", "os.exec"}


def main(names: Sequence[str]) -> int:
    """Run the named tests here, or all fast ones side by side; 0 if all passed."""
    # nohup, and a shell in the background, start us with some ignored, which tests would inherit
    for number in (signal.SIGHUP, signal.SIGQUIT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    if not names:
        return run_groups()
    if names[0].startswith("-"):
        print((__doc__ or "").strip())
        return 0 if names[0] in ("-h", "--help") else 2
    names = [module for name in names for module in modules_of(name)]
    faulthandler.dump_traceback_later(PATIENCE, exit=True)  # of a test that hangs, where it does
    if all(name.startswith("tests.unit.") for name in names):
        sys.addaudithook(refuse_processes)
    suite = unittest.defaultTestLoader.loadTestsFromNames(list(names))
    result = unittest.TextTestRunner(verbosity=1).run(suite)
    if not result.testsRun:  # which has shown nothing
        print(f"no test in {' '.join(names)}: expected modules, classes or tests", file=sys.stderr)
    return 0 if result.wasSuccessful() and result.testsRun else 1


def refuse_processes(event: str, _: object) -> None:
    """Fail a test that starts a process where none may (an audit hook). Raises AssertionError."""
    if event in STARTS:
        raise AssertionError(f"{event}: tests/unit starts no process; move this test to tests/runs")


def modules(room: str) -> list[str]:
    """Return the names of the modules of tests in a directory and those below it."""
    paths = sorted((HERE / "tests" / room).rglob("test_*.py"))
    return [".".join(path.relative_to(HERE).with_suffix("").parts) for path in paths]


def modules_of(name: str) -> list[str]:
    """Return the modules of tests in a directory, such as `tests.unit`; else the name itself."""
    room = name.removeprefix("tests.").replace(".", "/")
    return modules(room) if (HERE / "tests" / room).is_dir() else [name]


def groups() -> dict[str, list[str]]:
    """Return the modules that share an interpreter, by the name of the group; long ones first."""
    alone = {module: [module] for module in modules("runs/quick")}
    return {"tests.unit": modules("unit"), "tests.rules": modules("rules"), **alone}


def run_groups() -> int:
    """Run each group in a process; print what failed, and unittest's closing lines for all."""
    began = time.monotonic()
    grouped = groups()
    # more than processors: real runs wait for most of their time
    with ThreadPoolExecutor(2 * (os.cpu_count() or 1)) as pool:
        ended = list(pool.map(run_apart, grouped.values()))
    total, failed = 0, []
    for group, (code, output) in zip(grouped, ended, strict=True):
        ran = re.search(r"^Ran (\d+) tests? in ", output, re.MULTILINE)
        total += int(ran[1]) if ran else 0
        if code != 0 or not ran:
            failed.append(group)
            print(f"{output.rstrip()}\n{group}: exit code {code}\n")
    print(f"Ran {total} tests in {time.monotonic() - began:.1f}s\n")
    print(f"FAILED ({', '.join(failed)})" if failed or not total else "OK")
    return 1 if failed or not total else 0


def run_apart(names: Sequence[str]) -> tuple[int, str]:
    """Run the named tests in a process; return the exit code and what they printed."""
    # no pipe: a process that a test left would keep it open, and we would wait for that one
    with tempfile.TemporaryFile() as output:
        done = subprocess.run(
            [sys.executable, str(HERE / "test_dsl.py"), *names],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            check=False,
        )
        output.seek(0)
        return done.returncode, output.read().decode(errors="replace")


if __name__ == "__main__":
    sys.path.insert(0, str(HERE))
    sys.exit(main(sys.argv[1:]))
