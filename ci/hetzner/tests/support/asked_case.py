"""A pipeline with a store, run as a program, and the commands that ask for its runs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from lib.processes import process_table
from lib.run_directories.run_store import RunStore
from tests.support.ten_lines import TenLines
from tests.support.waiting import wait_until

SHA = "0123456789abcdef0123456789abcdef01234567"
END = f"""\
sys.exit(Pipeline(jobs, {SHA!r}, "main", store="store", timeout=90, grace=0.3, cwd=".").main())
"""
# holds the lock of a new run, as a runner does, and heeds no TERM
STUBBORN = """
import pathlib, signal, sys, time
from lib.run_directories.run_store import RunStore
signal.signal(signal.SIGTERM, signal.SIG_IGN)
with RunStore(pathlib.Path(sys.argv[1])).begin("", "stubborn") as owned:
    (owned.path / "summary.json").write_text(sys.argv[2])
    print(owned.path.name, flush=True)
    time.sleep(1000)
"""


class Asked(TenLines):
    """Tests of commands."""

    def setUp(self) -> None:
        super().setUp()
        self.store = RunStore(self.root / "store")
        self.variables = {"CI_MACHINE_DIR": str(self.root / "machine")}

    def begin(self, jobs: str, *words: str, store: str = "store") -> subprocess.Popen[str]:
        """Start a run of jobs; it is killed when the test ends."""
        self.write(jobs, END.replace('store="store"', f'store="{store}"'))
        process = self.start(*words, **self.variables)
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def begin_gated(self, jobs: str) -> subprocess.Popen[str]:
        """Start a run, and wait until one of its jobs has made the file `up`."""
        process = self.begin(jobs)
        wait_until((self.root / "up").exists, "a job that makes the file up")
        return process

    def stubborn(self, summary: str = "{}") -> subprocess.Popen[str]:
        """Start a process that holds the lock of a run and does not end by TERM."""
        return self.started(STUBBORN, str(self.store.directory), summary)

    def started(self, program: str, *words: str) -> subprocess.Popen[str]:
        """Start a program that uses the library, and wait for its first line."""
        process = subprocess.Popen(
            [sys.executable, "-c", program, *words],
            cwd=Path(__file__).resolve().parents[2],
            env={**os.environ, **self.variables},
            stdout=subprocess.PIPE,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        assert process.stdout
        process.stdout.readline()
        return process

    def stubborn_run(self) -> subprocess.Popen[str]:
        """Do the same, with a summary that names the process; and write a pipeline that asks."""
        process = self.stubborn()
        run_id = process_table.run_id(process_table.table(), process.pid)
        (self.only_run().path / "summary.json").write_text(json.dumps({"run": run_id}))
        self.write("[Job('a', 'true')]", END)
        return process

    def asks(self, *words: str) -> subprocess.Popen[bytes]:
        """Start a command."""
        process = subprocess.Popen(
            [sys.executable, "ci.py", *words],
            cwd=self.root,
            env={**os.environ, **self.variables},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        return process

    def answer(self, *words: str, code: int = 0) -> str:
        """Return what a command prints, and assert its exit code and that nothing broke."""
        with self.start(*words, **self.variables) as process:
            out, errors = process.communicate(timeout=90)
        self.assertNotIn("Traceback", errors)
        self.assertEqual(process.returncode, code, out + errors)
        return out + errors

    def only_run(self) -> Any:
        """Return the one run of the store."""
        (run,) = self.store.runs()
        return run
