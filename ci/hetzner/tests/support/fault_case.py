"""The assertions of every case of the fault suite: the end of a run, and its leftovers.

`CI_FAULT_REPEAT` is how many times in a row each case is run (default: 1). The test process
adopts orphans, so a process that outlives a runner becomes its child and is seen, tagged or not.
"""

from __future__ import annotations

import io
import json
import os
import random
import signal
import tempfile
import unittest
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dsl import Job, Pipeline
from lib.common import interrupts
from lib.processes import process_table, subreaper
from lib.processes.process_table import Proc
from tests.support import github_server
from tests.support.commit_stage import JOBS, Stage
from tests.support.waiting import wait_until

REPEAT = int(os.environ.get("CI_FAULT_REPEAT", "1"))
MARK = "CI_FAULT_MARK"  # in the environment of all that a case starts


@dataclass(frozen=True)
class Ended:
    """The end of a run: its exit code, the directory of its logs, its output."""

    code: int
    logs: Path
    console: str

    @property
    def log(self) -> str:
        """The text of ci.log."""
        return (self.logs / "ci.log").read_text()

    @property
    def summary(self) -> dict[str, Any]:
        """What summary.json holds."""
        found = json.loads((self.logs / "summary.json").read_text())
        assert isinstance(found, dict)
        return found

    @property
    def outcomes(self) -> str:
        """The outcomes as `a=passed b=failed`."""
        return " ".join(f"{job['name']}={job['outcome']}" for job in self.summary["jobs"])


class FaultCase(unittest.TestCase):
    """Runs each of its tests `repeats` times in a row."""

    repeats = REPEAT

    def run(self, result: unittest.TestResult | None = None) -> unittest.TestResult | None:
        result = result if result is not None else self.defaultTestResult()
        for _ in range(self.repeats):
            super().run(result)
            if not result.wasSuccessful():
                break
        return result

    def setUp(self) -> None:
        subreaper.adopt()
        for number in interrupts.SIGNALS:  # a shell's background job was started with some ignored
            signal.signal(number, signal.SIG_DFL)
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.logs = self.root / "logs"
        self.mark = f"{random.randrange(10**8, 10**9)}"
        # processes that shed their environment are found by the seconds that they sleep
        self.sleep = f"sleep {self.mark}"
        self.look = process_table.table()
        self.known = set(self.look.children(os.getpid()))
        self.descriptors = self.open_files()

    # ---- runs

    def pipeline(self, *jobs: Job, **options: Any) -> tuple[Pipeline, io.StringIO]:
        console = io.StringIO()
        options = {
            "cwd": self.root,
            "grace": 0.2,
            "timeout": 60,
            "console": console,
            "env": {**os.environ, MARK: self.mark},
            **options,
        }
        return Pipeline(list(jobs), "sha", "main", self.logs, **options), console

    def run_jobs(self, *jobs: Job, **options: Any) -> Ended:
        made, console = self.pipeline(*jobs, **options)
        return Ended(made.run(), self.logs, console.getvalue())

    def stays(self, up: str | Path = "up") -> str:
        """Return a command that makes a file, by no other process, and then sleeps."""
        return f"bash -c ': >{up}; exec {self.sleep}'"

    # ---- what holds after every run

    def check(self, ended: Ended, code: int, outcomes: str | None, *lines: str) -> None:
        """Assert everything that a case has to; `lines` are patterns of ci.log."""
        told = f"\n{ended.console}"
        self.assertEqual(ended.code, code, told)
        if outcomes is not None:
            self.assertEqual(ended.outcomes, outcomes, told)
            self.assertEqual(ended.summary["exit_code"], code, told)
            self.assertNotIn(None, [job["outcome"] for job in ended.summary["jobs"]])
        for line in lines:
            self.assertRegex(ended.log, line)
        self.nothing_is_left()
        self.assertEqual([path.name for path in ended.logs.glob(".*.json.*")], [])

    def nothing_is_left(self) -> None:
        """Assert that no process, zombie or descriptor is there that was not before."""
        self.assertEqual(self.living(), [])
        ours = [self.look.read(pid) for pid in self.look.children(os.getpid())]
        new = [p for p in ours if p and p.pid not in self.known]
        self.assertEqual([p for p in new if not p.alive], [], "zombies")
        self.assertEqual([p for p in new if p.alive], [], "adopted by the test")
        self.assertEqual(self.open_files(), self.descriptors)

    def next_run_is_unaffected(self) -> None:
        ended = self.run_jobs(Job("next", "echo fine"))
        self.check(ended, 0, "next=passed", "PASS  next")

    def living(self) -> list[str]:
        """Return every living process of the machine that this case started, but ourselves."""
        own = os.getpid()
        found = [p for p in self.look.all() if p.alive and p.pid != own and self.is_marked(p)]
        return [f"{p.pid} {p.state} {self.look.command(p.pid)}" for p in found]

    def is_marked(self, process: Proc) -> bool:
        try:
            environ = Path(f"/proc/{process.pid}/environ").read_bytes()
        except OSError:
            environ = b""
        return self.mark in self.look.command(process.pid) or self.mark.encode() in environ

    @staticmethod
    def open_files() -> int:
        return len(list(Path("/proc/self/fd").iterdir()))

    def reap(self) -> None:
        """Reap the processes of a killed runner that others stopped: here the test is pid 1."""
        for pid in self.look.children(os.getpid()):
            process = self.look.read(pid)
            if pid not in self.known and process and not process.alive:
                os.waitpid(pid, os.WNOHANG)

    def wait_until(self, happened: Callable[[], bool], what: str) -> None:
        wait_until(happened, what)


class CommitCase(FaultCase):
    """Cases about pipeline.py as users call it, on a stage with stand-in bodies."""

    def setUp(self) -> None:
        super().setUp()
        self.github = self.enterContext(github_server.serve())
        self.stage = Stage(self.root / "stage", self.github, {MARK: self.mark})
        self.through: list[str] = []  # a command that runs pipeline.py for `commit`
        self.stage.root.mkdir()
        self.stage.prepare()
        for name in ("src/index.ts", "tsconfig.json", "vite.config.ts", "../pnpm-lock.yaml"):
            path = self.stage.repo / "packages" / "buckaroo-js-core" / name
            path.parent.mkdir(exist_ok=True)
            path.write_text("1\n")  # the input of a cache's key
        self.stage.commit("sources")
        self.known = set(self.look.children(os.getpid()))
        self.descriptors = self.open_files()

    def nothing_is_left(self) -> None:
        """Do the same, when the server of this process has closed its connections."""
        wait_until(lambda: not self.github.connected, "no request at the server")
        super().nothing_is_left()

    def commit(
        self, *words: str, program: str = "", through: Sequence[str] = (), **extra: str
    ) -> Ended:
        """Run pipeline.py on HEAD to its end."""
        ran = self.stage.run(*words, program=program, through=through or self.through, **extra)
        return Ended(ran.code, self.stage.log_dir(), ran.out + ran.errors)

    def body(self, name: str, text: str) -> None:
        """Give a job another body."""
        (self.stage.root / "runner" / "jobs" / f"{name}.sh").write_text(f"{text}\n")

    def change_sources(self, text: str) -> None:
        """Commit a change that gives the cache another key, so that a run stores."""
        source = self.stage.repo / "packages" / "buckaroo-js-core" / "src" / "index.ts"
        source.write_text(text)
        self.stage.commit(text)

    def status(self) -> str:
        """The last status that GitHub has of the commit."""
        return self.github.seen[-1]["state"] if self.github.seen else ""

    def next_run_is_unaffected(self) -> None:
        """Assert that a whole run passes, and posts it to GitHub, after any earlier run."""
        ended = self.commit()
        self.check(ended, 0, None, f"END   exit code 0: {JOBS} jobs passed")
        self.assertEqual(self.status(), "success")
        self.assertLessEqual(
            {job["outcome"] for job in ended.summary["jobs"]}, {"passed", "restored"}
        )
        self.assertEqual(list((self.stage.state / "outbox").iterdir()), [])
