"""The whole way once for real: signed push, queue, run of the demo, statuses, report in a browser.

Receiver and worker are processes, the run is a whole one of the demo with all its tools; a server
stands for GitHub. check.py runs this after a green run of the demo, whose environments it uses.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.buckaroo import demo
from lib.commit_queue.entry import Entry
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.configuration import settings
from tests.support import github_api
from tests.support.box_processes import BoxCase
from tests.support.git_case import git
from tests.support.waiting import wait_until

LOOK = Path(__file__).with_name("open_pages.mjs")
ASIDE = ("CI_REPO_DIR", "CI_QUEUE_COMMAND", "CI_READ_TOKEN", "CI_GROUP_STATUSES", "CI_BOX")
RED, NEWER = "breaks-lint", "python-only"


class EndToEnd(BoxCase):
    patience = 600.0  # seconds

    def setUp(self) -> None:
        super().setUp()
        config = settings.load_anywhere()
        prepared = demo.prepare(config.state_dir, print)
        self.commits = {name: _new(prepared.path, prepared.commits[name]) for name in (RED, NEWER)}
        kept = {name: value for name, value in os.environ.items() if name not in ASIDE}
        self.state_dir = config.state_dir
        self.queue = CommitQueue(config.state_dir)
        self.addCleanup(self.queue.close)
        places = {"CI_STATE_DIR": str(config.state_dir), "CI_REPO_DIR": str(prepared.path)}
        self.begin({**kept, **places})

    def hear(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> str:
        """Keep a status, which GitHub's own description of its API has to have."""
        return super().hear(method, path, headers, body) or github_api.fault(
            method, path, headers, body
        )

    def test_red_push_and_the_newer_one_that_supersedes_it(self) -> None:
        red, newer = self.commits[RED], self.commits[NEWER]
        self.deliver(red, "topic")
        wait_until(lambda: bool(self.newest().run), "a run of the red commit")
        self.deliver(newer, "topic")
        self.assertEqual(self.wait_for_status(red, words="superseded by").state, "error")
        told = self.wait_for_status(newer)
        print(f"\n{RED}, superseded:\n{self.timeline(red)}\n{NEWER}:\n{self.timeline(newer)}")
        summary = self.summary()
        whole = summary["whole"]  # where a job lacks a tool or the network, nothing is green
        self.assertEqual(told.state, "success" if whole else "error", told.description)
        codes = [job["attempts"][-1]["exit_code"] for job in summary["jobs"] if job["attempts"]]
        self.assertNotIn(5, codes)  # each job had something to test
        self.assertEqual(self.last(red).state, "error")
        self.assertEqual(self.github.faults, [])
        state = State.PASSED if whole else State.ERROR
        self.assertIs(self.newest().state, state)
        run = f"{self.url}/runs/{self.newest().run}/"
        self.assertIn(told.url.rstrip("/"), (run.rstrip("/"), ""))
        wait_until(lambda: "Timeline" in self.page(run), "the report of the run")
        report, home = self.opened([run, f"{self.url}/"])
        for page in (report, home):
            self.assertEqual((page["status"], page["errors"]), (200, []), page)
        self.assertIn(newer[:7], report["text"])
        self.assertIn("playwright-jupyter", report["text"])
        self.assertIn("topic", home["text"])
        self.assertIn(state.value, home["text"])

    def newest(self) -> Entry:
        return self.queue.entries(limit=1)[0]

    def summary(self) -> Any:
        """Return the summary of the newest run."""
        path = self.state_dir / "runs" / self.newest().run / "summary.json"
        return json.loads(path.read_text())

    def opened(self, urls: list[str]) -> list[dict[str, Any]]:
        """Open pages in Chromium; return the status, the text and the errors of each."""
        browser = shutil.which("chromium")
        assert browser, "expected chromium on PATH, found none: install it"
        ran = subprocess.run(
            ["node", LOOK, sys.prefix, browser, *urls],
            check=True,
            capture_output=True,
            text=True,
            timeout=120,
        )
        found: list[dict[str, Any]] = json.loads(ran.stdout)
        return found


def _new(repo: Path, sha: str) -> str:
    """Return a new commit with the files of another: the queue has no answer for it yet."""
    who = ("-c", "user.name=t", "-c", "user.email=t@localhost", "-c", "commit.gpgSign=false")
    words = ("commit-tree", f"{sha}^{{tree}}", "-p", sha, "-m", f"end to end {time.time_ns()}")
    return git(repo, *who, *words)
