"""Every status that we post is one that GitHub's own description of its API has.

The tests of statuses run once more, before a server that judges each request by the description.
It needs openapi-core and @octokit/openapi, which check.py installs.
"""

from __future__ import annotations

import json
import unittest
from collections.abc import Mapping

from tests.runs import test_commit_statuses
from tests.support import github_api
from tests.support.github_case import SHA, WithGitHub
from tests.support.github_server import GitHub
from tests.unit.github import test_status_reporter
from tests.unit.queue_worker import test_status_poster

STATUS = {"state": "success", "context": "ci/hetzner", "description": "fine"}
PATH = f"/repos/o/n/statuses/{SHA}"


def fault(
    change: Mapping[str, object] = STATUS,
    path: str = PATH,
    method: str = "POST",
    kind: str = "application/json",
) -> str:
    """Return the fault of a status that is fine but for one change."""
    body = json.dumps({**STATUS, **change}).encode()
    return github_api.fault(method, path, {"Content-Type": kind}, body)


class Judge(unittest.TestCase):
    def test_status_fits(self) -> None:
        self.assertEqual(fault(), "")
        self.assertEqual(fault({"target_url": None}), "")

    def test_other_requests_do_not_fit(self) -> None:
        self.assertIn("green", fault({"state": "green"}))
        self.assertIn("7", fault({"context": 7}))
        self.assertNotEqual(fault(path="/repos/o/n/status/abc"), "")
        self.assertNotEqual(fault(method="PUT"), "")
        self.assertNotEqual(fault(kind="text/plain"), "")
        headers = {"Content-Type": "application/json"}
        self.assertNotEqual(github_api.fault("POST", PATH, headers, b"{}"), "")
        self.assertNotEqual(github_api.fault("POST", PATH, headers, b'{"state": '), "")


class Server(WithGitHub):
    def test_server_asks_the_judge(self) -> None:
        self.github.judge = lambda method, path, *_: f"{method} {path}"
        self.assertTrue(self.post())
        self.assertEqual(self.github.faults, [f"POST {PATH}"])


class Judged(unittest.TestCase):
    """A mixin: each request of a test is judged."""

    github: GitHub

    def setUp(self) -> None:
        super().setUp()
        self.github.judge = github_api.fault
        self.addCleanup(lambda: self.assertEqual(self.github.faults, []))


class Reporter(Judged, test_status_reporter.TestPost):
    pass


class OtherPrograms(Judged, test_status_reporter.TestModuleLevel):
    pass


class Queue(Judged, test_status_poster.Posting):
    pass


class Runs(Judged, test_commit_statuses.Statuses):
    pass
