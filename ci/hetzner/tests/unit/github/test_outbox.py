"""Statuses that GitHub did not take are kept."""

from __future__ import annotations

import json
import tempfile
import threading
import unittest
import unittest.mock
from pathlib import Path

from lib.github.outbox import CUT_OFF, Outbox, cut_off_parts
from lib.github.status_data import Delivery, Status
from tests.support.github_case import SHA, WithGitHub


class TestOutbox(WithGitHub):
    def outbox(self) -> Outbox:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        return Outbox(self.state, "r1-1", self.log.append)

    def left(self) -> list[tuple[str, str, str]]:
        """Return state, context and description of the kept statuses."""
        path = self.state / "outbox" / "r1-1.json"
        statuses = json.loads(path.read_text())["left"] if path.exists() else []
        return [(state, context, text) for state, _, context, text, _ in statuses]

    def test_status_is_kept_until_github_took_or_refused_it(self) -> None:
        later = {"Retry-After": "3600"}
        kept = [("success", "c", "fine")]
        for reply, delivery, left in (
            ((201, {}, b""), Delivery.ACCEPTED, []),
            ((404, {}, b""), Delivery.REFUSED, []),
            ((503, later, b""), Delivery.UNDELIVERED, kept),
            ((403, later, b""), Delivery.UNDELIVERED, kept),
        ):
            self.github.replies = [reply]
            reporter = self.reporter(outbox=self.outbox())
            found = reporter.post(Status("success", SHA, "c", "fine"))
            self.assertEqual((found, self.left()), (delivery, left))

    def test_pending_is_left_though_github_took_it(self) -> None:
        reporter = self.reporter(outbox=self.outbox())
        reporter.queue(Status("pending", SHA, "c", "runs"))
        self.assertTrue(reporter.flush(60))
        self.assertEqual(self.left(), [("error", "c", CUT_OFF)])
        self.assertTrue(self.post(reporter, "failure", context="c"))
        self.assertEqual(self.left(), [])

    def test_what_is_dropped_is_kept_as_soon_as_flush_returns(self) -> None:
        self.github.gate = threading.Event()
        reporter = self.reporter(outbox=self.outbox())
        reporter.queue(Status("pending", SHA, "first", "runs"))
        for context in ("first", "second"):
            reporter.queue(Status("success", SHA, context, "fine"))
        reporter.queue(Status("pending", SHA, "third", "runs"))
        self.is_asked()
        self.assertFalse(reporter.flush(0.05))
        self.assertEqual(self.left(), [("success", "first", "fine"), ("success", "second", "fine")])
        self.github.gate.set()
        self.assertTrue(reporter.flush(60))

    def test_file_that_no_run_has_written_is_passed_over(self) -> None:
        for content in ("[" * 100_000, '{"since": 1%s, "left": []}' % ("0" * 400), "[]", '"x"'):
            outbox = self.outbox()
            (self.state / "outbox").mkdir()
            dead = self.state / "outbox" / "r1-1000000000.json"
            dead.write_text(content)
            self.assertEqual(list(outbox.post_left_over(self.refuses)), [])
            self.assertFalse(dead.exists(), content[:40])
            self.assertEqual(cut_off_parts(self.state, "r1-1", SHA), [])

    def refuses(self, status: Status) -> Delivery:
        raise AssertionError(f"posted: {status}")


if __name__ == "__main__":
    unittest.main()
