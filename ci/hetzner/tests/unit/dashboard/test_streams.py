"""Streams: their number, their length, and what a silent one sends."""

from __future__ import annotations

import itertools
import unittest
from collections.abc import Iterator
from unittest import mock

from lib.dashboard import streams
from lib.dashboard.request import Request
from lib.dashboard.streams import Stream, Streams

RETRY = b"retry: 2000\n\n"


class Bounds(unittest.TestCase):
    def setUp(self) -> None:
        self.streams = Streams(most=1)
        self.closed = 0

    def events(self, *pieces: bytes) -> Iterator[bytes]:
        try:
            yield from itertools.cycle(pieces)
        finally:
            self.closed += 1

    def opened(self, *pieces: bytes) -> Stream:
        answer = self.streams.answer(self.events(*pieces))
        self.assertEqual(answer.status, "200 OK")
        assert isinstance(answer.body, Stream)
        return answer.body

    def test_place_is_given_back_once_however_often_it_is_closed(self) -> None:
        stream = self.opened(b"a")
        self.assertEqual([*itertools.islice(stream, 3)], [RETRY, b"a", b"a"])
        self.assertIn("503", self.streams.answer(self.events()).status)
        for _ in range(3):
            stream.close()
        self.assertEqual((self.streams.open, self.closed), (0, 1))

    def test_one_client_leaves_streams_to_others(self) -> None:
        self.streams = Streams(most=4, most_of_client=1)
        first = self.streams.answer(self.events(b"a"), "10.0.0.1")
        assert isinstance(first.body, Stream)
        self.assertIn("503", self.streams.answer(self.events(), "10.0.0.1").status)
        for client in ("10.0.0.2", "", ""):
            self.assertIn("200", self.streams.answer(self.events(), client).status)
        self.assertIn("503", self.streams.answer(self.events(), "10.0.0.3").status)
        first.body.close()
        self.assertIn("200", self.streams.answer(self.events(), "10.0.0.1").status)

    def test_stream_that_was_never_read_gives_its_place_back(self) -> None:
        self.opened(b"a").close()
        self.assertEqual(self.streams.open, 0)

    def test_silent_stream_sends_a_comment_now_and_then(self) -> None:
        self.assertEqual([*itertools.islice(self.opened(b""), 3)], [RETRY, b"", b""])
        self.streams.give_back()
        with mock.patch.object(streams, "QUIET", 0.0):
            self.assertEqual([*itertools.islice(self.opened(b""), 2)], [RETRY, b":\n\n"])

    def test_stream_ends_after_its_time_and_the_client_comes_back(self) -> None:
        with mock.patch.object(streams, "LONGEST", 0.0):
            self.assertEqual([*self.opened(b"a")], [RETRY, b"a"])
        self.assertEqual(self.closed, 1)


class Clients(unittest.TestCase):
    def test_proxy_of_this_machine_names_the_client_and_nobody_else_does(self) -> None:
        for peer, forwarded, client in (
            ("203.0.113.7", "", "203.0.113.7"),
            ("203.0.113.7", "198.51.100.1", "203.0.113.7"),
            ("127.0.0.1", "", ""),
            ("127.0.0.1", "10.0.0.9, 198.51.100.1", "198.51.100.1"),
            ("::ffff:127.0.0.1", "198.51.100.1", "198.51.100.1"),
            ("::1", "2001:db8::5", "2001:db8::/64"),
            ("127.0.0.1", "no address\n", ""),
            ("", "198.51.100.1", "198.51.100.1"),
        ):
            environ = {"REMOTE_ADDR": peer, "HTTP_X_FORWARDED_FOR": forwarded}
            self.assertEqual(Request(environ).client, client, (peer, forwarded))


if __name__ == "__main__":
    unittest.main()
