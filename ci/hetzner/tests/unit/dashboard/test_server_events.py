"""Server-sent events, and logs as their text."""

from __future__ import annotations

import random
import unittest

from lib.dashboard import server_events
from lib.dashboard.server_events import LogText


class Events(unittest.TestCase):
    def test_event_has_name_place_and_a_field_for_each_line(self) -> None:
        made = server_events.event("a\nb\r\nc\rd\n", name="n", place="1:2")
        self.assertEqual(made, b"event: n\nid: 1:2\ndata: a\ndata: b\ndata: c\ndata: d\ndata: \n\n")

    def test_data_makes_no_field_and_no_event_of_its_own(self) -> None:
        made = server_events.event("\n\nevent: x\n: y")
        lines = made.decode().removesuffix("\n\n").split("\n")
        self.assertEqual({line.partition(":")[0] for line in lines}, {"data"})

    def test_comment_and_retry(self) -> None:
        self.assertEqual(server_events.comment(), b":\n\n")
        self.assertEqual(server_events.retry(2), b"retry: 2000\n\n")


class Texts(unittest.TestCase):
    def test_text_is_the_same_wherever_the_bytes_are_cut(self) -> None:
        chance = random.Random(12)
        data = "naïve ✓\r\n\r\r\n𝄞 end\r".encode() + b"\xff\xc3(\xe2\x82"
        wanted = data.decode(errors="replace").replace("\r\n", "\n").replace("\r", "\n")
        for _ in range(300):
            cuts = sorted(chance.sample(range(len(data)), 6))
            text, found, seen = LogText(), "", 0
            for begin, end in zip([0, *cuts], [*cuts, len(data)], strict=True):
                found += text.more(data[begin:end])
                seen += end - begin
                # who comes back to this place gets the same text
                place = seen - text.pending
                rest = LogText().more(data[place:], last=True)
                self.assertEqual(found + rest, wanted, (cuts, place))
            self.assertEqual(found + text.more(b"", last=True), wanted)
