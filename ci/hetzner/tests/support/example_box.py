"""A box with a queue and runs that never were: what the dashboard is tested with."""

from __future__ import annotations

import contextlib
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from lib.commit_queue import paths
from lib.commit_queue.entry import Entry, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.common import locks
from lib.configuration import service_settings
from lib.dashboard.application import Dashboard
from lib.event_stream import event_json
from lib.model import events
from lib.run_directories import commit_links, log_directory, run_name
from lib.run_directories.run_name import RunName
from lib.run_directories.stored_run import StoredRun
from tests.support import timelines
from tests.support.fakes import Fate, Played, jobs, play

GRAPH = (
    "node-modules; python; lint<python; test-js<node-modules; build-js<node-modules; "
    "test-python<python; build-wheel<build-js; test-wheel<build-wheel; playwright<build-wheel"
)
SECONDS = {
    **{"node-modules": 6.0, "python": 4.0, "lint": 2.0, "test-js": 19.0, "build-js": 12.0},
    **{"test-python": 41.0, "build-wheel": 6.0, "test-wheel": 9.0, "playwright": 38.0},
}
REPORT = "<!DOCTYPE html><title>the report</title><a href='./ci.log'>its log</a>"
# git takes it as a part of a branch's name
MARKUP = "<script>alert(1)</script>\"'><img/src=x/onerror=alert(1)>"


def sha(number: int) -> str:
    """Return the name of a commit."""
    return f"{number:07x}" + f"{number:08x}" * 4 + "0"


class ExampleBox:
    """A state directory with a queue, made anew; `environ` has further settings."""

    def __init__(self, state: Path, **environ: str) -> None:
        self.state = state
        given = {"HOME": str(state), "GITHUB_REPO": "owner/name", "CI_FREE_BYTES": "0", **environ}
        self.settings = service_settings.load(str(state), given)
        self.queue = CommitQueue(state, self.settings.protected)
        self.dashboard = Dashboard(self.settings, self.queue)

    def push(self, number: int, branch: str = "main", **fields: object) -> Entry:
        """Queue a commit."""
        ref = Ref(branch, int(str(fields.pop("pull", 0))), str(fields.pop("fork", "")))
        return self.queue.push(Push(sha(number), ref, "webhook", **fields))  # type: ignore[arg-type]

    def took(self, run: str = "", place: int = 0) -> Entry:
        """Start the next entry."""
        entry = self.queue.take("example", place)
        assert entry is not None
        if run:
            self.queue.begun(entry.id, run)
        return entry

    def ran(self, number: int, branch: str, state: State, red: Sequence[str] = ()) -> str:
        """Push a commit and let it have a run that has ended; return the name of the run."""
        self.push(number, branch)
        run = self.ended_run(number, branch, red)
        entry = self.took(run.name)
        self.queue.end(entry.id, state, int(bool(red)))
        return run.name

    def directory(self, number: int, began: float | None = None) -> Path:
        """Make the directory of a run."""
        name = run_name.of(sha(number), time.time() if began is None else began)
        path = self.state / run_name.RUNS / str(name)
        path.mkdir(parents=True)
        return path

    def ended_run(self, number: int, branch: str, red: Sequence[str] = ()) -> Path:
        """Make a run with a report."""
        path = self.directory(number)
        told = [
            {
                "name": job,
                "outcome": "failed" if job in red else "passed",
                "cause": "exit code" if job in red else "",
                "log": f"{job}.log",
                "started": 0.0,
                "ended": seconds,
                "duration": seconds,
            }
            for job, seconds in SECONDS.items()
        ]
        code = int(bool(red))
        self.summary(path, number, branch, state="ended", exit_code=code, seconds=64.2, jobs=told)
        (path / "report.html").write_text(REPORT)
        (path / "ci.log").write_text("[10:11:12] START lint\n[10:11:14] PASS  lint\n")
        self.link(path, number)
        return path

    def link(self, path: Path, number: int) -> None:
        """Let a run speak for its commit."""
        name = run_name.parse(path.name) or RunName("", 1, "")
        commit_links.publish(self.state, StoredRun(path, name), sha(number), whole=True)

    def summary(self, path: Path, number: int, branch: str, **fields: object) -> None:
        """Write the summary of a run."""
        told = {"schema": 1, "sha": sha(number), "branch": branch, "asked_for_all": True, **fields}
        (path / "summary.json").write_text(json.dumps(told))

    def log_of(self, run: Path, data: bytes, job: str = "lint") -> None:
        """Let a job write to its log."""
        with (run / f"{job}.log").open("ab") as log:
            log.write(data)

    @contextlib.contextmanager
    def live_run(self, number: int, branch: str, after: float = 25.0) -> Iterator[Path]:
        """Make a run that goes on, so many seconds after its jobs began."""
        path = self.directory(number)
        with log_directory.owned(path, "example"):
            self.summary(path, number, branch, state="running", run="r1-1")
            (path / "ci.log").write_text("[10:11:12] START lint\n[10:11:14] PASS  lint\n")
            (path / "lint.log").write_text("All checks passed!\n")
            self.progress(path, number, branch, after)
            yield path

    def progress(self, path: Path, number: int, branch: str, after: float) -> None:
        """Write the events of a run up to so many seconds after its jobs began; lint is red."""
        fates: Mapping[str, Fate] = {
            job: Fate(seconds, code=int(job == "lint")) for job, seconds in SECONDS.items()
        }
        self._happened(path, number, branch, after, play(jobs(GRAPH), fates))

    def serving(self, path: Path, number: int, branch: str, after: float) -> None:
        """Write those of a run whose service is ready one second after its jobs began."""
        declared = jobs("web; test<web", web={"service": True, "outputs": {"o": "o"}})
        fates = {"web": Fate(math.inf, writes={"o": 1}), "test": Fate(60.0)}
        played = play(declared, fates, durations={"web": 1.0, "test": 60.0})
        self._happened(path, number, branch, after, played)

    def _happened(self, path: Path, number: int, branch: str, after: float, played: Played) -> None:
        lines = []
        for event in timelines.stream(played):
            if isinstance(event, events.RunDeclared):
                header = {"sha": sha(number), "branch": branch, "whole": True}
                event = event._replace(
                    run=path.name, header=header, began=time.time() - after, before=0.0
                )
            if event.at <= after:
                lines.append(json.dumps(event_json.encode(event)))
        (path / "events.jsonl").write_text("".join(f"{line}\n" for line in lines))

    @contextlib.contextmanager
    def worker(self) -> Iterator[None]:
        """Hold the lock of the worker."""
        with locks.lock(paths.worker_lock(self.state), "worker"):
            yield


@contextlib.contextmanager
def busy(state: Path, **environ: str) -> Iterator[ExampleBox]:
    """Make a box on which all kinds of things happen."""
    box = ExampleBox(state, **environ)
    box.ran(0x1A2B3C4, "main", State.PASSED)
    box.ran(0x2222222, "fix/empty-frames", State.FAILED, red=["test-python", "lint"])
    box.ran(0x3333333, "polars-1.9", State.PASSED)
    old = box.push(0x4444444, "wide-tables")
    box.took()
    box.queue.end(old.id, State.ERROR, 126, "the command could not run")
    box.push(0x5555555, "storybook")
    box.push(0x5656565, "storybook")  # supersedes
    with contextlib.ExitStack() as stack:
        stack.enter_context(box.worker())
        run = stack.enter_context(box.live_run(0x5656565, "storybook"))
        box.took(run.name)
        for number, branch in enumerate(("main", "docs", "dependabot/npm_and_yarn/vite-6.0.1")):
            box.push(0x6666600 + number, branch)
        box.push(0x7777777, "patch-1", pull=812, fork="somebody/name")
        box.push(0x8888888, "hotfix", first=True)
        yield box


@contextlib.contextmanager
def hostile(state: Path) -> Iterator[ExampleBox]:
    """Make a box on which each text tries to become markup."""
    box = ExampleBox(state)
    bad = f"a/{MARKUP}\u202e{'x' * 150}"
    worse = f"{bad}\n\x1b[2J{'x' * 300}"
    box.ran(1, bad, State.FAILED, red=["lint"])
    run = box.ended_run(2, bad)
    job = {"name": MARKUP, "outcome": "failed", "log": "x", "started": 0.0, "ended": 1.0}
    box.summary(run, 2, worse, state="ended", exit_code=1, seconds=1.0, jobs=[job])
    box.push(3, bad)
    failed = box.took(run.name)
    box.queue.end(failed.id, State.ERROR, 2, worse)
    with box.live_run(4, worse) as live:
        box.push(4, bad)
        box.took(live.name)
        box.push(5, bad, fork=MARKUP, pull=7)
        box.push(6, "main", repeat=MARKUP)
        box.queue.set_message(f"`{MARKUP}` {worse}")
        (live / MARKUP.replace("/", "")).write_text("x")
        box.log_of(live, f"{MARKUP}\n\x1b[31m\u202e\n".encode())
        yield box
