"""A queue, its worker as a process, and commands that stand for runs."""

from __future__ import annotations

import contextlib
import os
import shlex
import signal
import subprocess
import sys
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path

from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.processes import process_table, subreaper
from tests.support.waiting import wait_until

HETZNER = Path(__file__).resolve().parents[2]
SHORT_WORKER = Path(__file__).with_name("short_worker.py")
CLEARED = ("CI_", "GITHUB_", "GIT_", "LOG_URL", "NOTIFY_", "WATCHDOG_", "XDG_", "WEBHOOK_")
FIELDS = "{sha} {branch} {place} {name_to}"
A, B, C = "a" * 40, "b" * 40, "c" * 40


class Worker:
    """A worker under way; its lines are in a file."""

    def __init__(self, process: subprocess.Popen[str], output: Path) -> None:
        self.process = process
        self._output = output

    @property
    def output(self) -> str:
        return self._output.read_text()

    def says(self, text: str) -> None:
        """Wait until it has said something. Raises TimeoutError."""
        wait_until(lambda: text in self.output, f"{text!r} in\n{self.output}")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(60)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait(60)


class WorkerCase(unittest.TestCase):
    """Each command of a test is a bash script; its variables are those of the template."""

    def setUp(self) -> None:
        subreaper.adopt()
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, signal.SIG_DFL)
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.state = self.root / "state"
        self.queue = CommitQueue(self.state, ["main"])
        self.addCleanup(self.queue.close)
        self.look = process_table.table()
        self.known = set(self.look.children(os.getpid()))
        self.script = self.root / "run.sh"
        self.template = f"bash {shlex.quote(str(self.script))} {FIELDS}"
        self.workers: list[int] = []
        self.variables: dict[str, str] = {}  # of all workers

    # ---- the worker

    def environ(self, script: str, **more: str) -> dict[str, str]:
        given = f"sha=$1 branch=$2 place=$3 name_to=$4 prepare=${{5:-}} root={self.root}"
        self.script.write_text(f"{given}\n{script}\n")
        kept = {k: v for k, v in os.environ.items() if not k.startswith(CLEARED)}
        kept = {k: v for k, v in kept.items() if not k.lower().endswith("_proxy")}
        return {
            **kept,
            "CI_STATE_DIR": str(self.state),
            "CI_FREE_BYTES": "0",
            "CI_QUEUE_COMMAND": self.template,
            "WORKER_TEST": str(self.root),
            **self.variables,
            **more,
        }

    @contextlib.contextmanager
    def worker(
        self, script: str, *flags: str, patience: str = "30 60", **more: str
    ) -> Iterator[Worker]:
        """Start a worker whose command is this script; in the end it is gone."""
        output = self.root / f"worker-{len(self.workers)}.txt"
        with output.open("w") as file:
            process = subprocess.Popen(
                [sys.executable, str(SHORT_WORKER), *patience.split(), *flags],
                env=self.environ(script, **more),
                cwd=self.root,
                stdin=subprocess.DEVNULL,
                stdout=file,
                stderr=subprocess.STDOUT,
                text=True,
            )
        self.workers.append(process.pid)
        with process:
            try:
                yield Worker(process, output)
            finally:
                process.kill()

    def once(self, script: str, *flags: str, code: int = 0, **more: str) -> str:
        """Run a worker until nothing waits; return its lines."""
        with self.worker(script, "--once", *flags, **more) as worker:
            self.assertEqual(worker.process.wait(60), code, worker.output)
            return worker.output

    # ---- the queue

    def push(self, sha: str, branch: str = "topic", speaks: bool = True) -> Entry:
        return self.queue.push(Push(sha, Ref(branch), "webhook", speaks=speaks))

    def state_of(self, entry: Entry) -> State:
        return self.queue.entry(entry.id).state

    def becomes(self, entry: Entry, state: State) -> None:
        """Wait until an entry is in a state. Raises TimeoutError."""
        wait_until(lambda: self.state_of(entry) is state, f"{state}, is {self.state_of(entry)}")

    def there(self, name: str) -> Path:
        """Wait until a command has made a file."""
        path = self.root / name
        wait_until(path.exists, str(path))
        return path

    # ---- what is left

    def living(self) -> list[str]:
        """Return the living processes that came of this case, but the workers themselves."""
        mark = f"WORKER_TEST={self.root}".encode()
        found = [p for p in self.look.all() if p.alive and p.pid not in self.workers]
        found = [p for p in found if p.pid != os.getpid() and self.is_marked(p.pid, mark)]
        return [f"{p.pid} {self.look.command(p.pid)}" for p in found]

    def is_marked(self, pid: int, mark: bytes) -> bool:
        try:
            environ = Path(f"/proc/{pid}/environ").read_bytes()
        except OSError:
            return False
        return mark in environ or str(self.root) in self.look.command(pid)

    def reap(self) -> None:
        """Reap the adopted processes of killed workers."""
        for pid in self.look.children(os.getpid()):
            process = self.look.read(pid)
            if pid not in self.known and process and not process.alive:
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)

    def nothing_is_left(self) -> None:
        wait_until(lambda: not self.living(), f"no process, {self.living()}")
        self.reap()
