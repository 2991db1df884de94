"""What the receiver answers, and what is in the queue by then."""

from __future__ import annotations

import io
import tempfile
import threading
import unittest
from pathlib import Path
from unittest import mock

from lib.commit_queue.store import CommitQueue
from lib.configuration import service_settings
from lib.configuration.service_settings import SettingsError
from lib.receiver import service
from lib.receiver.application import Application, not_found
from lib.receiver.events import Rules
from tests.support.web_case import WebCase
from tests.support.webhook_case import REPOSITORY, SECRET, SHA, pushed, request, requested


class Receiving(WebCase):
    def setUp(self) -> None:
        super().setUp()
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.queue = CommitQueue(self.state)
        self.addCleanup(self.queue.close)
        self.serve(Application(self.queue, Rules(REPOSITORY), SECRET, not_found))

    def answers(self, status: int, text: str, asked: bytes) -> None:
        head, _, body = self.ask(asked).partition(b"\r\n\r\n")
        self.assertEqual(head.split(b" ", 2)[1].decode(), str(status), body)
        self.assertRegex(body.decode(), text)

    def refused(self, status: int, text: str, asked: bytes) -> None:
        self.answers(status, text, asked)
        self.assertEqual(self.queue.entries(), [])

    def test_push_is_queued_when_it_is_answered(self) -> None:
        self.answers(202, r"^queued as entry 1\n$", request(pushed()))
        (entry,) = self.queue.entries()
        self.assertEqual((entry.sha, entry.branch, entry.source), (SHA, "main", "webhook"))

    def test_delivery_that_was_seen_gets_the_same_answer_and_queues_once(self) -> None:
        self.answers(202, "entry 1", request(pushed()))
        self.answers(202, "entry 1", request(pushed(after=SHA[::-1])))
        self.assertEqual(len(self.queue.entries()), 1)

    def test_push_and_pull_request_of_a_commit_are_one_entry(self) -> None:
        self.answers(202, "entry 1", request(pushed(ref="refs/heads/topic")))
        self.answers(202, "entry 1", request(requested(), "pull_request", "d-2"))
        (entry,) = self.queue.entries()
        self.assertEqual([ref[:2] for ref in entry.refs], [("topic", 7)])

    def test_ping_is_answered_whichever_hook_sends_it(self) -> None:
        self.refused(200, "pong", request({"zen": "a", "hook_id": 1}, "ping"))

    def test_event_that_queues_nothing_is_acknowledged(self) -> None:
        self.refused(200, "ignored: ", request({}, "projects_v2_item"))

    def test_deleted_branch_ends_what_waits_for_it(self) -> None:
        self.answers(202, "entry 1", request(pushed(ref="refs/heads/topic")))
        gone = pushed(ref="refs/heads/topic", before=SHA, after="0" * 40, deleted=True)
        for _ in range(2):
            self.answers(200, "^the branch was deleted", request(gone, delivery="d-2"))
        self.assertEqual(self.queue.entry(1).reason, "its branch was deleted")

    def test_wrong_signatures_get_one_answer(self) -> None:
        for given in ("", "sha256=", f"sha256={'0' * 64}", "sha1=0", "\xe4\xff", "x" * 9000):
            wrong = request(b"no json", X_Hub_Signature_256=given)
            self.refused(401, r"^expected a valid X-Hub-Signature-256\n$", wrong)
        wrong = request(pushed()).replace(b"X-Hub-Signature-256", b"X_Hub_Signature_256")
        self.refused(401, "X-Hub", wrong)

    def test_signature_comes_before_everything_that_is_in_the_body(self) -> None:
        self.refused(
            401, "X-Hub", request(b"[" * 99_999, Content_Type="a/b", X_Hub_Signature_256="x")
        )

    def test_form_is_refused_with_the_remedy(self) -> None:
        form = request(b"payload=%7B%7D", Content_Type="application/x-www-form-urlencoded")
        self.refused(415, "content type of the webhook", form)
        for kind in ("", "text/json", "application/json-patch", "application/jsonx; a=b"):
            self.refused(415, "application/json", request({}, Content_Type=kind))
        self.answers(
            200, "pong", request({}, "ping", Content_Type="Application/JSON; charset=utf-8")
        )

    def test_body_that_is_not_as_expected_is_refused_and_no_fault(self) -> None:
        for body in (
            b"",
            b"[]",
            b"[" * 99_999,
            b'{"a": NaN}',
            b'{"a": 1, "a": 1}',
            b'{"a": "\\ud800"}',
        ):
            self.refused(400, "expected", request(body, Content_Length=str(len(body))))

    def test_event_and_delivery_are_bounded_words(self) -> None:
        for wrong in ("", "a b", "x" * 65, "\xe4", "../x", "a;b"):
            self.refused(400, "X-GitHub-Event", request(pushed(), wrong))
            self.refused(400, "X-GitHub-Delivery", request(pushed(), delivery=wrong))

    def test_other_methods_and_paths_are_not_received(self) -> None:
        self.answers(405, "POST", b"GET /webhook HTTP/1.1\r\nHost: x\r\n\r\n")
        for path in (b"/webhook/", b"//webhook", b"/a/../webhook", b"/Webhook", b"/"):
            self.refused(404, "no such page", request(pushed()).replace(b"/webhook", path, 1))

    def test_queue_that_cannot_be_written_fails_the_delivery_and_keeps_it_deliverable(self) -> None:
        (self.state / "queue.db").mkdir()
        self.answers(503, "deliver it again", request(pushed()))
        (self.state / "queue.db").rmdir()
        self.answers(202, "entry 1", request(pushed()))

    def test_line_of_a_delivery_tells_its_answer_and_no_secret(self) -> None:
        self.ask(request(pushed(ref="refs/heads/\n"), delivery="d-9"))
        self.assertRegex(self.log.getvalue(), r"(?m)^webhook d-9: 400 Bad Request: ref: .*$")
        self.assertNotIn(SECRET, self.log.getvalue())

    def test_many_at_once_are_all_queued(self) -> None:
        def deliver(number: int) -> None:
            sha = f"{number:040x}"
            ref = f"refs/heads/b{number}"
            self.ask(request(pushed(after=sha, ref=ref), delivery=f"d-{number}"))

        threads = [threading.Thread(target=deliver, args=(n,)) for n in range(1, 9)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        self.assertEqual(len(self.queue.entries()), 8)


class OtherServers(unittest.TestCase):
    """Servers that bound and check less than the embedded one."""

    def status(self, body: bytes, **environ: str) -> str:
        application = Application(mock.Mock(), Rules(REPOSITORY), SECRET, not_found)
        start = mock.Mock()
        made = {"PATH_INFO": "/webhook", "REQUEST_METHOD": "POST", **environ}
        application({**made, "wsgi.input": io.BytesIO(body), "wsgi.errors": io.StringIO()}, start)
        return str(start.call_args.args[0].split()[0])

    def test_body_without_a_length_or_of_another_length_is_refused(self) -> None:
        self.assertEqual(self.status(b"abc"), "411")
        self.assertEqual(self.status(b"abc", CONTENT_LENGTH=""), "411")
        self.assertEqual(self.status(b"abc", CONTENT_LENGTH="-1"), "411")
        self.assertEqual(self.status(b"abc", CONTENT_LENGTH=str(26 << 20)), "413")
        self.assertEqual(self.status(b"abc", CONTENT_LENGTH="4"), "400")


class Settings(unittest.TestCase):
    def make(self, **environ: str) -> Application:
        found = service_settings.load(environ={"HOME": "/x", **environ})
        return service.receiver(found, mock.Mock(), not_found)

    def test_without_a_secret_it_refuses_unless_told_so(self) -> None:
        with self.assertRaisesRegex(SettingsError, "WEBHOOK_SECRET.*--without-secret"):
            self.make(GITHUB_REPO="a/b")
        self.make(GITHUB_REPO="a/b", CI_WITHOUT_SECRET="1")
        with self.assertRaisesRegex(SettingsError, "expected none beside"):
            self.make(GITHUB_REPO="a/b", CI_WITHOUT_SECRET="1", WEBHOOK_SECRET=SECRET)

    def test_without_a_repository_it_refuses(self) -> None:
        with self.assertRaisesRegex(SettingsError, "GITHUB_REPO: expected owner/name"):
            self.make(WEBHOOK_SECRET=SECRET)

    def test_all_problems_are_listed(self) -> None:
        with self.assertRaises(SettingsError) as caught:
            self.make()
        self.assertEqual(len(str(caught.exception).splitlines()), 2)


if __name__ == "__main__":
    unittest.main()
