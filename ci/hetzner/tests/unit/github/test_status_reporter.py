"""Statuses of commits as GitHub gets them, over real sockets."""

from __future__ import annotations

import contextlib
import io
import json
import os
import socket
import threading
import time
import unittest
import unittest.mock
from collections.abc import Callable

from lib import status
from lib.common import program_end
from lib.github import client
from lib.github.status_data import Status
from tests.support.github_case import LIMIT, SHA, WithGitHub
from tests.support.github_server import TOKEN, Reply, serve


def hang_up(connection: socket.socket) -> None:
    connection.shutdown(socket.SHUT_RDWR)


def half_an_error(connection: socket.socket) -> None:
    connection.sendall(b"HTTP/1.1 422 no\r\nTransfer-Encoding: chunked\r\n\r\n400\r\nabc")
    connection.shutdown(socket.SHUT_RDWR)


class TestPost(WithGitHub):
    def test_each_state_is_posted_as_the_api_wants_it(self) -> None:
        reporter = self.reporter()
        reporter.queue(Status("pending", SHA, "ci/hetzner", "runs", "https://logs/1"))
        for state in ("success", "failure", "error"):
            self.assertTrue(self.post(reporter, state))
        states = [body["state"] for body in self.github.seen]
        self.assertEqual(states, ["pending", "success", "failure", "error"])
        self.assertEqual(self.github.seen[0]["target_url"], "https://logs/1")
        self.assertEqual(self.log, [])

    def test_description_is_cut_to_140_characters_of_one_line(self) -> None:
        reporter = self.reporter()
        for text in ("ü" * 140, "ü" * 141, "a\n  b"):
            self.assertTrue(self.post(reporter, context="c" * 300, description=text))
        found = [body["description"] for body in self.github.seen]
        self.assertEqual(found, ["ü" * 140, "ü" * 139 + "…", "a b"])

    def test_only_web_addresses_become_a_target(self) -> None:
        self.assertTrue(self.post(url="file:///etc/passwd"))
        self.assertNotIn("target_url", self.github.seen[0])

    def test_hostile_sha_stays_one_part_of_the_path(self) -> None:
        self.assertFalse(self.post(sha="../../../user?a=b#c"))
        self.assertEqual(
            self.github.requests, ["/repos/o/n/statuses/..%2F..%2F..%2Fuser%3Fa%3Db%23c"]
        )

    def test_without_token_or_repository_one_line_and_no_call(self) -> None:
        for missing in ("token", "name"):
            self.log.clear()
            reporter = self.reporter(10.0, None, 0.01, **{missing: ""})
            reporter.queue(Status("pending", SHA, "c", "d"))
            self.assertFalse(self.post(reporter))
            self.assertFalse(self.post(reporter))
            self.assert_one_line("GITHUB_TOKEN and GITHUB_REPO")
        self.assertEqual(self.github.requests, [])


class TestRetry(WithGitHub):
    def test_passing_faults_are_tried_again(self) -> None:
        now = str(int(time.time()))
        reset = {"x-ratelimit-remaining": "0", "x-ratelimit-reset": now}
        faults: list[Reply | Callable[[socket.socket], None]] = [
            (500, {}, b"oops"),
            (502, {}, b""),
            (503, {"Retry-After": "0"}, b""),
            (429, {"Retry-After": "0"}, b"{}"),
            (403, {"Retry-After": "0"}, b"{}"),
            (403, {}, LIMIT),
            (403, reset, b"{}"),
            hang_up,
            half_an_error,
        ]
        for fault in faults:
            with self.subTest(fault=fault):
                self.github.replies, self.github.requests, self.github.seen = [fault], [], []
                self.assertTrue(self.post(), self.log)
                self.assertEqual((len(self.github.requests), len(self.github.seen)), (2, 1))
        self.assertEqual(self.log, [])

    def test_lasting_faults_are_not_tried_again(self) -> None:
        for code in (400, 401, 403, 404, 422):
            with self.subTest(code=code):
                self.log.clear()
                self.github.replies = [(code, {}, b'{"message": "Some\\nthing"}')]
                self.github.requests = []
                self.assertFalse(self.post())
                self.assertEqual(len(self.github.requests), 1)
                self.assert_one_line(f"found {code} Some thing;")

    def test_failure_has_a_remedy(self) -> None:
        self.github.replies = [(401, {}, b'{"message": "Bad credentials"}')]
        self.assertFalse(self.post())
        self.assert_one_line("expected 201, found 401 Bad credentials; GITHUB_TOKEN is not valid")

    def test_no_server_is_a_line_in_the_log(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        # a second attempt is not begun, so the first one has all the time that it needs
        reporter = self.reporter(first_pause=3600, api_url=f"http://127.0.0.1:{port}")
        self.assertFalse(self.post(reporter))
        self.assert_one_line("refused")

    def test_wait_beyond_the_budget_is_not_begun(self) -> None:
        for headers in (
            {"Retry-After": "3600"},
            {"x-ratelimit-remaining": "0", "x-ratelimit-reset": str(int(time.time()) + 3600)},
        ):
            self.log.clear()
            self.github.replies = [(403, headers, b"{}")]
            self.assertFalse(self.post())
            self.assert_one_line("a rate limit")

    def test_retry_after_comes_before_the_own_pause(self) -> None:
        limited = client.Response(429, "", {"retry-after": "7", "x-ratelimit-reset": "1"})
        self.assertEqual(client.pause_before_retry(limited, 1.0), 7.0)

    def test_pause_has_jitter(self) -> None:
        found = {client.pause_before_retry(client.Response(500), 1.0) for _ in range(50)}
        self.assertGreater(len(found), 1)
        self.assertTrue(all(pause is not None and 0.5 <= pause <= 1.5 for pause in found))


class TestBudget(WithGitHub):
    def test_hanging_server_ends_with_the_budget(self) -> None:
        self.github.gate = threading.Event()
        self.assertFalse(self.post(self.reporter(budget=0.1)))
        self.assert_one_line("no whole answer within 0.1 s")

    def test_request_that_is_left_behind_is_waited_for_at_the_exit(self) -> None:
        """Python 3.12 and 3.13 crash if it wakes up while the interpreter ends."""
        self.github.gate = threading.Event()
        with unittest.mock.patch.object(program_end, "join_at_exit") as waits:
            self.post(self.reporter(budget=0.1))
        ((thread, seconds),) = (call.args for call in waits.call_args_list)
        self.assertIsInstance(thread, threading.Thread)
        self.assertEqual(seconds, 0.2)

    def test_trickling_server_ends_with_the_budget(self) -> None:
        stop = threading.Event()
        self.addCleanup(stop.set)

        def trickle(connection: socket.socket) -> None:
            while not stop.wait(0.02):
                try:
                    connection.sendall(b"H")
                except OSError:
                    return

        self.github.replies = [trickle]
        self.assertFalse(self.post(self.reporter(budget=0.1)))
        self.assert_one_line("no whole answer within 0.1 s")
        self.assertFalse(stop.is_set())

    def test_queueing_does_not_wait_for_github(self) -> None:
        self.github.gate = threading.Event()
        reporter = self.reporter()
        reporter.queue(Status("pending", SHA, "c", "runs"))
        self.assertEqual(self.github.seen, [])  # it came back before an answer was possible
        self.github.gate.set()
        self.assertTrue(self.post(reporter))
        self.assertEqual([body["state"] for body in self.github.seen], ["pending", "success"])


class TestToken(WithGitHub):
    def test_redirect_on_the_same_host_is_followed(self) -> None:
        for code in (301, 302, 307, 308):
            self.github.seen, self.github.requests = [], []
            self.github.replies = [(code, {"Location": f"/repositories/7/statuses/{SHA}"}, b"")]
            self.assertTrue(self.post(), self.log)
            self.assertEqual(self.github.requests[1], f"/repositories/7/statuses/{SHA}")

    def test_redirect_without_end_ends(self) -> None:
        self.github.replies = [(307, {"Location": "/loop"}, b"")] * 10
        self.assertFalse(self.post())
        self.assertEqual(len(self.github.requests), 1 + client.MOST_REDIRECTS)

    def test_token_does_not_follow_a_redirect_to_another_host(self) -> None:
        with serve() as other:
            self.github.replies = [(307, {"Location": f"{other.url}{'/repos/o/n'}"}, b"")]
            self.assertFalse(self.post())
            self.assertEqual(other.requests, [])
        self.assert_one_line("another host")

    def test_token_is_masked_where_the_answer_repeats_it(self) -> None:
        shown = f"bad token {TOKEN} {TOKEN.replace('+', '%2B').replace('/', '%2F')}"
        self.github.replies = [(401, {}, json.dumps({"message": shown}).encode())]
        self.assertFalse(self.post())
        self.assert_one_line("bad token *** ***;")


class TestOrder(WithGitHub):
    def test_statuses_keep_their_order_and_one_thread_posts_them(self) -> None:
        reporter = self.reporter()
        for number in range(20):
            reporter.queue(Status("pending", SHA, f"ci/hetzner/{number}", "runs"))
            posting = [t for t in threading.enumerate() if t.name == "statuses"]
            self.assertLessEqual(len(posting), 1)
        self.assertTrue(reporter.flush(60))
        found = [body["context"] for body in self.github.seen]
        self.assertEqual(found, [f"ci/hetzner/{number}" for number in range(20)])

    def test_thread_ends_when_all_is_posted(self) -> None:
        before = set(threading.enumerate())
        self.assertTrue(self.post())
        for thread in set(threading.enumerate()) - before:
            thread.join(10)
            self.assertFalse(thread.is_alive())

    def test_late_pending_never_comes_after_the_end(self) -> None:
        self.github.gate = threading.Event()
        reporter = self.reporter()
        reporter.queue(Status("pending", SHA, "ci/hetzner", "runs"))
        self.is_asked()
        self.assertFalse(reporter.flush(0.05))
        threading.Timer(0.2, self.github.gate.set).start()
        self.assertTrue(self.post(reporter))
        self.assertEqual([body["state"] for body in self.github.seen], ["pending", "success"])

    def test_flush_drops_what_is_left_and_names_it(self) -> None:
        self.github.gate = threading.Event()
        reporter = self.reporter()
        for context in ("first", "second", "third"):
            reporter.queue(Status("success", SHA, context, "fine"))
        self.is_asked()
        self.assertFalse(reporter.flush(0.05))
        self.github.gate.set()
        self.assertTrue(reporter.flush(60))
        self.assertEqual([body["context"] for body in self.github.seen], ["first"])
        self.assertEqual(len(self.log), 2)
        self.assertIn("success of second", self.log[0])
        self.assertIn("success of third", self.log[1])

    def test_without_a_thread_what_is_queued_is_given_up_and_the_end_is_posted(self) -> None:
        start = threading.Thread.start

        def limited(thread: threading.Thread) -> None:
            if threading.current_thread() is threading.main_thread():
                raise RuntimeError("can't start new thread")
            start(thread)

        reporter = self.reporter()
        with unittest.mock.patch.object(threading.Thread, "start", limited):
            reporter.queue(Status("pending", SHA, "c", "runs"))
            self.assert_one_line("there can be no more threads")
            self.assertTrue(self.post(reporter))
        self.assertEqual([body["state"] for body in self.github.seen], ["success"])


class TestModuleLevel(WithGitHub):
    def test_functions_take_the_settings_of_the_environment(self) -> None:
        with unittest.mock.patch.dict(os.environ, self.environ(), clear=True):
            for post in (
                status.status_pending,
                status.status_success,
                status.status_failure,
                status.status_error,
            ):
                self.assertTrue(post(SHA, "ci/hetzner", "text", "https://logs/"))
        states = [body["state"] for body in self.github.seen]
        self.assertEqual(states, ["pending", "success", "failure", "error"])

    def test_without_token_one_line_in_all(self) -> None:
        printed = io.StringIO()
        environ = self.environ(GITHUB_TOKEN="")
        with (
            unittest.mock.patch.dict(os.environ, environ, clear=True),
            contextlib.redirect_stdout(printed),
        ):
            status._reporter.cache_clear()
            self.assertFalse(status.status_pending(SHA, "c", "d"))
            self.assertFalse(status.status_success(SHA, "c", "d"))
        self.assertEqual(len(printed.getvalue().splitlines()), 1)

    def test_wrong_settings_are_said_and_not_raised(self) -> None:
        printed = io.StringIO()
        environ = self.environ(GITHUB_REPO="no slash")
        with (
            unittest.mock.patch.dict(os.environ, environ, clear=True),
            contextlib.redirect_stdout(printed),
        ):
            self.assertFalse(status.status_error(SHA, "c", "d"))
        self.assertIn("GITHUB_REPO", printed.getvalue())


if __name__ == "__main__":
    unittest.main()
