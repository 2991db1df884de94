"""A slow client keeps neither a thread nor a place that another one needs."""

from __future__ import annotations

import threading
import unittest
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import TYPE_CHECKING

from lib.web_server.limits import Limits
from tests.support.waiting import wait_until
from tests.support.web_case import SHORT, WebCase, echo, everything

if TYPE_CHECKING:
    from wsgiref.types import StartResponse, WSGIEnvironment

GET = b"GET / HTTP/1.1\r\nHost: x\r\n\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 3\r\n\r\n"


class Slow(WebCase):
    def test_byte_now_and_then_does_not_lengthen_the_time_for_headers_or_body(self) -> None:
        self.serve(limits=replace(SHORT, connections=2))
        for begun in (b"GET / HTTP/1.1\r\nA:", POST.replace(b": 3", b": 999")):
            with self.connect() as client:
                client.sendall(begun)
                client.settimeout(0.1)
                answer = b""
                while not answer:
                    try:
                        client.sendall(b"\t")
                        answer = client.recv(1000)
                    except TimeoutError:
                        continue
                self.assertTrue(answer.startswith(b"HTTP/1.1 408 "), answer)

    def test_client_that_does_not_read_is_cut_off(self) -> None:
        def long(environ: WSGIEnvironment, start: StartResponse) -> Iterator[bytes]:
            start("200 OK", [])
            while True:
                yield b"x" * 1_000_000

        self.serve(long, SHORT)
        with self.connect() as client:
            client.sendall(GET)
            wait_until(lambda: "ended early" in self.log.getvalue(), "the end of the answer")

    def test_slow_clients_lock_no_other_out(self) -> None:
        self.serve(limits=replace(Limits(), connections=8))  # with the real times
        slow = [self.connect() for _ in range(100)]
        for number, client in enumerate(slow):
            client.sendall((b"G", b"GET / HTTP/1.1\r\nA: b\r\n", POST)[number % 3])
        for _ in range(20):
            self.assertEqual(self.status(GET), 200)
        self.assertLess(threading.active_count(), 8 + 10)

    def test_longest_waiting_client_goes_first(self) -> None:
        self.serve(limits=replace(Limits(), connections=2))
        first = self.connect()
        first.sendall(b"G")
        wait_until(lambda: len(self.server._slots._served) == 1, "its slot")
        second = self.connect()
        second.sendall(b"G")
        wait_until(lambda: len(self.server._slots._served) == 2, "its slot")
        third = self.connect()
        third.sendall(GET)
        self.assertEqual(everything(first), b"")
        self.assertIn(b"200 OK", everything(third))
        second.sendall(GET[1:])
        self.assertIn(b"200 OK", everything(second))

    def test_bodies_that_do_not_fit_together_end_the_slowest(self) -> None:
        self.serve(limits=replace(Limits(), body_bytes=3, bodies_bytes=5))
        slow = self.connect()
        slow.sendall(POST + b"a")
        wait_until(lambda: len(self.server._slots._served) == 1, "the slow one")
        wait_until(lambda: any(c.held for c in self.server._slots._served), "its body")
        self.assertEqual(self.status(POST + b"abc"), 200)
        self.assertEqual(everything(slow), b"")

    def test_answer_under_way_is_not_cut_for_another(self) -> None:
        gate, begun = threading.Event(), threading.Event()

        def wait(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
            begun.set()
            gate.wait(30)
            return echo(environ, start)

        self.serve(wait, replace(Limits(), connections=1))
        busy = self.connect()
        busy.sendall(GET)
        begun.wait(30)
        self.assertIn(b"503 Service", everything(self.connect()))
        gate.set()
        self.assertIn(b"200 OK", everything(busy))


if __name__ == "__main__":
    unittest.main()
