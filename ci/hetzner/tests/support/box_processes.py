"""Receiver and worker of a box, as processes, before a server that stands for GitHub.

What reaches GitHub is kept with its time, so that a test can wait for it and print it.
"""

from __future__ import annotations

import json
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import unittest
import urllib.request
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from lib.commit_queue import worker_presence
from tests.support import github_server
from tests.support.waiting import wait_until
from tests.support.webhook_case import SECRET, pushed, signed

HETZNER = Path(__file__).resolve().parents[2]
FINAL = frozenset({"success", "failure", "error"})


class Told(NamedTuple):
    """A commit status, `at` seconds after the delivery of the commit."""

    at: float
    sha: str
    state: str
    context: str
    description: str
    url: str


class BoxCase(unittest.TestCase):
    """A test with a receiver and a worker; `environ` names the checkout and the runner."""

    patience = 60.0  # seconds for a final status
    environ: Mapping[str, str]

    def setUp(self) -> None:
        super().setUp()
        self.lock = threading.Lock()
        self.told: list[Told] = []
        self.sent: dict[str, float] = {}  # when a commit was delivered
        self.github = self.enterContext(github_server.serve())
        self.github.judge = self.hear
        self.logs = Path(self.enterContext(tempfile.TemporaryDirectory()))

    def hear(self, method: str, path: str, _headers: Mapping[str, str], body: bytes) -> str:
        """Keep a status that GitHub gets."""
        sha, given = path.rpartition("/")[2], json.loads(body)
        with self.lock:
            at = time.monotonic() - self.sent.get(sha, time.monotonic())
            fields = ("state", "context", "description", "target_url")
            self.told.append(Told(at, sha, *(given.get(name, "") for name in fields)))
        return "" if method == "POST" else method

    def begin(self, environ: Mapping[str, str]) -> None:
        """Start receiver and worker; both have to end in order when the test ends."""
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            port = probe.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        self.environ = {
            **environ,
            "GITHUB_TOKEN": github_server.TOKEN,
            "GITHUB_REPO": "o/n",
            "GITHUB_API_URL": self.github.url,
            "WEBHOOK_SECRET": SECRET,
            "LOG_URL": f"{self.url}/runs",
        }
        receiver = self.start("webhook.py", "--port", str(port))
        wait_until(lambda: receiver.poll() is not None or self.answers(), "a receiver that answers")
        worker = self.start("pipeline.py", "queue", "worker")
        state = Path(self.environ["CI_STATE_DIR"])
        wait_until(
            lambda: worker.poll() is not None or bool(worker_presence.holder(state)), "a worker"
        )
        told = (self.logs / "pipeline.py.log").read_text()
        self.assertIsNone(worker.poll(), f"expected no other worker of {state}: {told}")

    def start(self, program: str, *words: str) -> subprocess.Popen[bytes]:
        """Start a program of the box, whose output goes to a file."""
        with (self.logs / f"{program}.log").open("ab") as log:
            started = subprocess.Popen(
                [sys.executable, HETZNER / program, *words],
                cwd="/",
                env=self.environ,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.addCleanup(self.end, program, started)
        return started

    def end(self, program: str, process: subprocess.Popen[bytes]) -> None:
        """End a program of the box, which has to do so in order."""
        process.terminate()
        code = process.wait(self.patience)
        self.assertIn(code, (0, 128 + signal.SIGTERM), (self.logs / f"{program}.log").read_text())

    def answers(self) -> bool:
        """Whether the receiver answers."""
        try:
            with urllib.request.urlopen(f"{self.url}/health", timeout=5):
                return True
        except urllib.error.HTTPError:
            return True
        except OSError:
            return False

    def deliver(self, sha: str, branch: str = "main", delivery: str = "") -> None:
        """Send the signed delivery of a push, which has to be accepted."""
        payload = pushed(ref=f"refs/heads/{branch}", after=sha, repository={"full_name": "o/n"})
        body = json.dumps(payload).encode()
        headers = {
            "Content-Type": "application/json",
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": delivery or f"of-{sha}",
            "X-Hub-Signature-256": signed(body),
        }
        self.sent.setdefault(sha, time.monotonic())
        asked = urllib.request.Request(f"{self.url}/webhook", body, headers)
        with urllib.request.urlopen(asked, timeout=30) as answer:
            self.assertEqual(answer.status, 202)

    def of(self, sha: str, context: str = "ci/hetzner") -> list[Told]:
        """Return what GitHub was told of a commit, in the order in which it came."""
        with self.lock:
            return [told for told in self.told if (told.sha, told.context) == (sha, context)]

    def statuses(self, sha: str, context: str = "ci/hetzner") -> list[str]:
        """Return the states of a commit, in their order."""
        return [told.state for told in self.of(sha, context)]

    def last(self, sha: str) -> Told:
        """Return the last word on a commit."""
        return self.of(sha)[-1]

    def wait_for_status(self, sha: str, context: str = "ci/hetzner", words: str = "") -> Told:
        """Return the first final status of a commit whose description has these words."""

        def found() -> list[Told]:
            told = self.of(sha, context)
            return [each for each in told if each.state in FINAL and words in each.description]

        end = time.monotonic() + self.patience
        while not found():
            if time.monotonic() > end:
                logs = "\n".join(path.read_text() for path in self.logs.iterdir())
                self.fail(f"no final status of {sha} {words!r}:\n{self.timeline(sha)}\n{logs}")
            time.sleep(0.02)
        return found()[0]

    def timeline(self, sha: str) -> str:
        """Return what GitHub was told of a commit, with the seconds since its delivery."""
        with self.lock:
            told = [told for told in self.told if told.sha == sha]
        return "\n".join(f"{t.at:7.2f} s  {t.state:8} {t.context}: {t.description}" for t in told)

    def page(self, path: str) -> str:
        """Return a page of the box as browsers get it; it has to be there."""
        url = path if path.startswith("http") else f"{self.url}{path}"
        asked = urllib.request.Request(url, headers={"Accept": "text/html"})
        with urllib.request.urlopen(asked, timeout=30) as answer:
            return str(answer.read().decode())
