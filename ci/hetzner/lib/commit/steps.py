"""The steps of a commit's run around its jobs: versions, statuses.

Each is one function or listener; the order in which they happen stands in pipeline.py.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping

from lib.common import interrupts
from lib.github.status_reporter import CONTEXT, BackgroundReporter, StatusReporter
from lib.model import events
from lib.model.job import RUN_LOG, Outcome, Result
from lib.processes import environment
from lib.settings.settings import Settings

VERSION_OF = ("git", "uv", "node", "pnpm", "bash")


class Versions:
    """Asks the tools of a run for their versions, all at once and while other steps go on."""

    def __init__(self) -> None:
        self._asked: list[tuple[str, subprocess.Popen[str]]] = []
        self._missing: list[str] = []

    def ask(self, env: Mapping[str, str]) -> None:
        """Start to ask the tools on the PATH of this environment. Raises OSError."""
        for name in VERSION_OF:
            program = shutil.which(name, path=env.get("PATH"))
            if program is None:
                self._missing.append(name)
                continue
            process = subprocess.Popen(
                [program, "--version"],
                env=environment.tagged(env, "version"),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                text=True,
                errors="replace",
                start_new_session=True,
            )
            self._asked.append((name, process))

    def answers(self) -> str:
        """Return one line for each tool. Raises Interrupted."""
        lines = []
        for name, process in self._asked:
            output = ""
            with contextlib.suppress(subprocess.TimeoutExpired), interrupts.cut_short():
                output, _ = process.communicate(timeout=20)
            lines.append(f"{name}: {(output.splitlines() or ['no answer'])[0]}")
        lines += [f"{name}: not on PATH" for name in self._missing]
        return "\n".join([f"python: {sys.version.split()[0]}", *lines]) + "\n"

    def close(self) -> None:
        """End those that have not answered. To be called once, whatever became of the run."""
        for _, process in self._asked:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
            if process.stdout:
                process.stdout.close()


def runner_version(config: Settings) -> str:
    """Return what the image's build wrote down as its version, `development` elsewhere."""
    path = config.runner_dir / "VERSION"
    return path.read_text().strip() if path.exists() else "development"


class JobStatuses:
    """Posts a status for each job, from a thread of its own. A listener.

    A job of two passes over its test cases has failed with the first that fails, but it has passed
    only after both.
    """

    def __init__(self, reporter: StatusReporter, sha: str, url: str) -> None:
        self._reporter = BackgroundReporter(reporter)
        self._sha = sha
        self._url = url
        self._half: set[str] = set()  # jobs that are fine so far, and have another pass to come

    def __call__(self, event: events.Event) -> None:
        """Queue what a start or an end says."""
        if isinstance(event, events.Started) and event.attempt == 1:
            self._post("pending", event.job, "runs", event.job)
        elif isinstance(event, events.Finished):
            if event.again and event.result.acceptable:
                self._half.add(event.job)
            else:
                self._half.discard(event.job)
                self._ended(event.job, event.result)
        elif isinstance(event, events.RunEnded):
            for job in sorted(self._half):
                self._post("error", job, "not all of its test cases were run", job)
            self._reporter.close(budget=10.0)

    def _ended(self, job: str, result: Result) -> None:
        state = "success" if result.acceptable else "failure"
        if result.outcome is Outcome.CANCELLED:
            state = "error"
        reason = f": {result.reason}" if result.reason else ""
        log = job if result.begun else RUN_LOG
        self._post(state, job, f"{result.outcome} in {result.duration:.0f} s{reason}", log)

    def _post(self, state: str, job: str, text: str, log: str) -> None:
        url = f"{self._url}/{log}.log" if self._url else ""
        self._reporter.post(state, self._sha, f"{CONTEXT}/{job}", text, url)
