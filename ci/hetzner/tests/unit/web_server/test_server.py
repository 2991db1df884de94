"""The embedded server keeps its limits, and gives each application what PEP 3333 promises."""

from __future__ import annotations

import http.client
import socket
import threading
import time
import unittest
import warnings
from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING
from wsgiref.validate import validator

from lib.web_server.limits import Limits
from lib.web_server.server import Server
from tests.support.waiting import wait_until
from tests.support.web_case import WebCase, echo, everything

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a?token=geheim HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


class Requests(WebCase):
    def test_valid_application_finds_nothing_wrong(self) -> None:
        def valid(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            read = environ["wsgi.input"].read(3)
            start("200 OK", [("Content-Type", "text/plain")])
            return [read, environ["PATH_INFO"].encode("latin-1")]

        with warnings.catch_warnings():
            warnings.simplefilter("error")
            self.serve(validator(valid))
            for request in (POST + b"abc", GET, GET.replace(b"GET", b"HEAD")):
                self.assertEqual(self.status(request), 200, self.log.getvalue())

    def test_body_comes_whole_in_any_pieces(self) -> None:
        self.serve()
        body = bytes(range(256)) * 1000
        with self.connect() as client:
            request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 256000\r\n\r\n" + body
            for start in range(0, 300, 7):
                client.sendall(request[start : start + 7])
            client.sendall(request[301:] if start + 7 == 301 else request[start + 7 :])
            self.assertEqual(everything(client).partition(b"\r\n\r\n")[2], body)

    def test_path_is_decoded_and_headers_keep_their_names(self) -> None:
        seen: dict[str, object] = {}

        def look(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            seen.update(environ)
            return echo(environ, start)

        self.serve(look)
        self.ask(
            b"GET /%2e%2E/%c3%A4%00?a=%2e HTTP/1.1\r\nHost: x\r\nA-B: \xe4\r\nProxy: y\r\n\r\n"
        )
        self.assertEqual(seen["PATH_INFO"], "/../\xc3\xa4\x00")
        self.assertEqual((seen["QUERY_STRING"], seen["HTTP_A_B"]), ("a=%2e", "\xe4"))
        self.assertEqual(
            (seen["REMOTE_ADDR"], seen["SERVER_PORT"]), ("127.0.0.1", str(self.server.address[1]))
        )
        self.assertFalse({"HTTP_PROXY", "HTTP_CONTENT_LENGTH", "CONTENT_LENGTH"} & seen.keys())

    def test_client_that_waits_is_told_to_send(self) -> None:
        self.serve()
        with self.connect() as client:
            client.sendall(POST.replace(b"\r\n\r\n", b"\r\nExpect: 100-continue\r\n\r\n"))
            self.assertEqual(client.recv(100), b"HTTP/1.1 100 Continue\r\n\r\n")
            client.sendall(b"abc")
            self.assertTrue(everything(client).endswith(b"\r\n\r\nabc"))

    def test_client_reads_why_its_body_is_refused_while_it_still_sends(self) -> None:
        self.serve()
        request = b"POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 99999999\r\n\r\n"
        self.assertEqual(self.status(request + b"x" * 1_000_000), 413)

    def test_truncated_body_never_reaches_the_application(self) -> None:
        self.serve(lambda *_: self.fail("called"))
        with self.connect() as client:
            client.sendall(POST + b"ab")
            client.shutdown(socket.SHUT_WR)
            self.assertTrue(everything(client).startswith(b"HTTP/1.1 400 "))

    def test_headers_that_are_too_long_are_refused(self) -> None:
        self.serve()
        self.assertEqual(self.status(b"GET / HTTP/1.1\r\nHost: x\r\nA: " + b"b" * 20_000), 431)
        self.assertEqual(self.status(b"GET /" + b"b" * 70_000 + b" HTTP/1.1\r\n\r\n"), 431)

    def test_ipv6_is_served(self) -> None:
        if not socket.has_dualstack_ipv6():
            self.skipTest("no IPv6 here")
        self.serve(host="[::1]")
        self.assertRegex(self.server.url, r"^http://\[::1\]:\d+/$")
        self.assertEqual(self.status(GET), 200)


class Answers(WebCase):
    def test_error_of_the_application_shows_the_client_nothing(self) -> None:
        def fail(start: StartResponse) -> Iterable[bytes]:
            raise ValueError("a secret\nof the log")

        answer = self.answer(fail)
        self.assertTrue(answer.startswith(b"HTTP/1.1 500 "))
        self.assertNotIn(b"secret", answer)
        self.assertIn("ValueError: a secret", self.log.getvalue())

    def test_error_within_an_answer_ends_it_as_incomplete(self) -> None:
        def fail(start: StartResponse) -> Iterator[bytes]:
            start("200 OK", [])
            yield b"a"
            raise OSError("disk")

        self.serve(lambda _, start: fail(start))
        with self.connect() as client, self.assertRaises(ConnectionResetError):
            client.sendall(GET)
            wait_until(lambda: "500" in self.log.getvalue(), "the line of the request")
            while client.recv(100):
                pass

    def test_head_and_answers_without_body_have_none(self) -> None:
        def give(start: StartResponse) -> Iterable[bytes]:
            start("200 OK", [("Content-Length", "3")])
            return [b"abc"]

        answer = self.answer(give, "HEAD")
        self.assertIn(b"Content-Length: 3\r\n", answer)
        self.assertTrue(answer.endswith(b"\r\n\r\n"))

    def test_header_with_a_line_end_is_refused(self) -> None:
        def split(start: StartResponse) -> Iterable[bytes]:
            start("200 OK", [("Location", "/\r\nSet-Cookie: a=b")])
            return []

        answer = self.answer(split)
        self.assertTrue(answer.startswith(b"HTTP/1.1 500 "))
        self.assertNotIn(b"Set-Cookie", answer)

    def test_headers_may_change_until_the_first_bytes(self) -> None:
        def change(start: StartResponse) -> Iterable[bytes]:
            write = start("200 OK", [])
            try:
                raise ValueError
            except ValueError as error:
                start("503 Busy", [], (ValueError, error, error.__traceback__))  # type: ignore[arg-type]
            write(b"a")
            return [b"b"]

        answer = self.answer(change)
        self.assertTrue(answer.startswith(b"HTTP/1.1 503 Busy\r\n"))
        self.assertTrue(answer.endswith(b"\r\n\r\nab"))

    def test_number_of_bytes_is_the_one_that_was_told(self) -> None:
        for length, shown in ((b"1", b"500"), (b"3", b"200")):

            def give(start: StartResponse, length: bytes = length) -> Iterable[bytes]:
                start("200 OK", [("Content-Length", length.decode())])
                return [b"ab"]

            self.assertIn(shown, self.answer(give).partition(b"\r\n")[0])
        self.assertIn("1 lack", self.log.getvalue())

    def test_stream_is_closed_when_its_client_is_gone(self) -> None:
        closed = threading.Event()

        def stream(start: StartResponse) -> Iterator[bytes]:
            start("200 OK", [])
            yield b"first"
            try:
                while True:
                    time.sleep(0.01)
                    yield b""
            finally:
                closed.set()

        self.serve(lambda _, start: stream(start))
        with self.connect() as client:
            client.sendall(GET)
            self.assertIn(b"HTTP/1.1 200", client.recv(1000))
        self.assertTrue(closed.wait(30))


class Lines(WebCase):
    def test_request_has_one_line_without_its_query_and_controls(self) -> None:
        self.serve()
        self.ask(POST + b"abc")
        self.ask(b"GET /%0a\x1b[31m HTTP/1.1\r\nHost: x\r\n\r\n")
        self.ask(b"GET /" + b"a" * 9000 + b" HTTP/1.1\r\nHost: x\r\n\r\n")
        wait_until(lambda: self.log.getvalue().count("\n") >= 3, "three lines")
        lines = self.log.getvalue().splitlines()
        self.assertEqual(len(lines), 3)
        self.assertRegex(lines[0], r"^127\.0\.0\.1 POST /a 200 OK \d+ B \d+\.\d+ s$")
        self.assertNotIn("geheim", self.log.getvalue())
        self.assertTrue(self.log.getvalue().replace("\n", "").isprintable())
        self.assertLess(max(map(len, lines)), 400)


class Ends(WebCase):
    def test_close_lets_an_answer_end_and_cuts_the_rest(self) -> None:
        begun, gate = threading.Event(), threading.Event()

        def gated(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            begun.set()
            gate.wait(30)
            return echo(environ, start)

        server = Server(gated, "127.0.0.1", 0, Limits(head_seconds=60, close_seconds=60))
        server.start()
        closing = threading.Thread(target=server.close)
        idle = socket.create_connection(server.address, timeout=30)
        busy = socket.create_connection(server.address, timeout=30)
        with idle, busy:
            idle.sendall(b"G")
            busy.sendall(GET)
            begun.wait(30)
            closing.start()
            self.assertEqual(everything(idle), b"")  # so the server is closing
            gate.set()
            self.assertIn(b"200 OK", everything(busy))
        closing.join(30)
        with self.assertRaises(OSError):
            socket.create_connection(server.address, timeout=30)

    def test_address_in_use_is_an_error(self) -> None:
        self.serve()
        with self.assertRaises(OSError):
            Server(echo, *self.server.address)

    def test_library_of_python_understands_the_answers(self) -> None:
        self.serve()
        for _ in range(3):
            asked = http.client.HTTPConnection(*self.server.address, timeout=30)
            asked.request("POST", "/", b"abc")
            self.assertEqual(asked.getresponse().read(), b"abc")
            asked.close()


if __name__ == "__main__":
    unittest.main()
