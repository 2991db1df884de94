"""A reporter of statuses before a server that stands for GitHub."""

from __future__ import annotations

import json
import os
import unittest
import unittest.mock

from lib.common.redact import Redactor
from lib.github.client import Repository
from lib.github.outbox import Outbox
from lib.github.status_data import Delivery, Status
from lib.github.status_reporter import StatusReporter
from tests.support.github_server import TOKEN, serve
from tests.support.waiting import wait_until

SHA = "0123456789abcdef0123456789abcdef01234567"


LIMIT = json.dumps({"message": "You have exceeded a secondary rate limit."}).encode()


class WithGitHub(unittest.TestCase):
    def setUp(self) -> None:
        self.enterContext(unittest.mock.patch.dict(os.environ))
        for name in [name for name in os.environ if name.lower().endswith("_proxy")]:
            del os.environ[name]
        self.log: list[str] = []
        self.github = self.enterContext(serve())

    def environ(self, **changes: str) -> dict[str, str]:
        given = {
            "GITHUB_TOKEN": TOKEN,
            "GITHUB_REPO": "o/n",
            "GITHUB_API_URL": self.github.url,
            "HOME": "/nonexistent",
            "PATH": os.environ["PATH"],
        }
        return given | changes

    def reporter(
        self,
        budget: float = 10.0,
        outbox: Outbox | None = None,
        first_pause: float = 0.01,
        **changes: str,
    ) -> StatusReporter:
        repository = Repository(self.github.url, TOKEN, "o/n")._replace(**changes)
        return StatusReporter(
            repository,
            self.log.append,
            mask=Redactor([TOKEN]),
            budget=budget,
            first_pause=first_pause,
            outbox=outbox,
        )

    def post(
        self, reporter: StatusReporter | None = None, state: str = "success", **changes: str
    ) -> bool:
        fine = Status(state, SHA, "ci/hetzner", "fine")._replace(**changes)
        return (reporter or self.reporter()).post(fine) is Delivery.ACCEPTED

    def is_asked(self) -> None:
        """Wait until the server has a request: the thread of the reporter is at work."""
        wait_until(lambda: bool(self.github.requests), "a request")

    def assert_one_line(self, *parts: str) -> None:
        self.assertEqual(len(self.log), 1, self.log)
        for part in parts:
            self.assertIn(part, self.log[0])
        self.assertNotIn(TOKEN, self.log[0])
        self.assertNotIn("\n", self.log[0])
