"""The text of a live run: what one run writes, others read, and nothing else is believed."""

from __future__ import annotations

import json
import unittest
from typing import Any

from lib.machine.live_run import Hold, LiveRun, Wait, parse

RUN = LiveRun(
    "r12-345",
    12,
    "ci.py of\n/repo \x1b[31m",
    log_dir="/logs",
    since=1.5,
    expected_end=9.0,
    network="4026",
    holds={"port:8889": Hold(1, 7.0), "cpu": Hold(4)},
    waits=(Wait("b", {"port:1": 1}, 3.0, 4.0, "port:1, held by pid 3"),),
    stuck=True,
    waits_for="another",
    user=7,
)


def text() -> bytes:
    """Return the text of the run, as the register writes it."""
    return json.dumps(RUN._asdict()).encode() + b"\n"


class Text(unittest.TestCase):
    def test_run_is_read_as_it_was_written(self) -> None:
        self.assertEqual(parse(text(), 7), RUN)

    def test_rest_of_a_longer_text_is_passed_over(self) -> None:
        self.assertEqual(parse(text() + b'more"}\n', 7), RUN)

    def test_fields_may_be_left_out(self) -> None:
        content = b'{"run": "r1-2", "pid": 1, "label": "x", "since": 3, "network": "n"}'
        self.assertEqual(parse(content, 7), LiveRun("r1-2", 1, "x", since=3, network="n", user=7))

    def test_user_is_not_what_the_text_claims(self) -> None:
        self.assertEqual(parse(changed(user=0), 7), RUN)

    def test_text_that_makes_no_sense_is_no_run(self) -> None:
        wrong: list[bytes] = [
            b"",
            b"{",
            b"[]",
            b"null",
            b"\xff\xfe",
            b"[" * 100_000,
            b"{}",
            changed(pid="x"),
            changed(since="1e999"),
            changed(since=float("nan")),
            changed(since=float("inf")),
            changed(since=10**400),
            changed(holds=[]),
            changed(holds={"cpu": 3}),
            changed(holds={"cpu": [-3, None]}),
            changed(holds={"cpu": [0.5, None]}),
            changed(waits={"a": 1}),
            changed(waits=[["a", {}]]),
            changed(expected_end="soon"),
        ]
        for content in wrong:
            with self.subTest(content[:60]):
                self.assertIsNone(parse(content, 0))


def changed(**fields: Any) -> bytes:
    """Return the text of the run with other values."""
    return json.dumps({**RUN._asdict(), "user": 0, **fields}).encode()


if __name__ == "__main__":
    unittest.main()
