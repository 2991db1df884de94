"""What keys do to the live view, and to the run."""

from __future__ import annotations

import unittest

from lib.terminal import keys
from lib.terminal.keys import Mode, Request

RUNNING = ["a", "b", "c"]
START = Mode()


def after(pressed: bytes, mode: Mode = START, running: list[str] = RUNNING) -> Mode:
    """Return the view after some keys that ask the run for nothing."""
    for key in keys.decode(pressed):
        mode, asked = keys.press(mode, key, running, 10, 100)
        assert asked is None, asked
    return mode


def request(mode: Mode, key: str, running: list[str] = RUNNING) -> Request | None:
    return keys.press(mode, key, running, 10, 100)[1]


class Decode(unittest.TestCase):
    def test_keys_are_named(self) -> None:
        data = b"t\x1b[A\x1bOB\x1b[5~\x1b[6~\r q\x1b"
        names = ["t", "up", "down", "page up", "page down", "enter", "page down", "q", "escape"]
        self.assertEqual(keys.decode(data), names)

    def test_keys_that_mean_nothing_are_no_others(self) -> None:
        self.assertEqual(keys.decode(b"\x1b[1;5C\x1b[200~"), [])
        self.assertNotIn("q", keys.decode("é".encode()))


class Press(unittest.TestCase):
    def test_job_to_follow_is_chosen_among_those_that_run(self) -> None:
        self.assertEqual(after(b"l"), Mode("pick log", job="a"))
        self.assertEqual(after(b"l\x1b[B\r"), Mode("log", job="b"))
        self.assertEqual(after(b"l\x1b[A\r"), Mode("log", job="c"))
        self.assertEqual(after(b"ll\rl"), Mode())

    def test_only_running_job_is_followed_at_once(self) -> None:
        self.assertEqual(after(b"l", running=["a"]), Mode("log", job="a"))

    def test_no_running_job_can_be_chosen(self) -> None:
        self.assertEqual(after(b"l", running=[]), Mode())
        self.assertEqual(after(b"c", running=[]), Mode())

    def test_job_is_cancelled_only_after_enter(self) -> None:
        mode = after(b"cj")
        self.assertEqual(mode, Mode("pick cancel", job="b"))
        self.assertEqual(request(mode, "enter"), Request("cancel", "b"))
        self.assertEqual(after(b"c\x1b"), Mode())

    def test_job_that_has_ended_meanwhile_is_cancelled_in_no_others_place(self) -> None:
        mode = Mode("pick cancel", job="b")
        self.assertEqual(keys.press(mode, "enter", ["a", "c"], 10, 100), (Mode(), None))

    def test_single_job_is_not_cancelled_without_a_question(self) -> None:
        self.assertEqual(after(b"c", running=["a"]), Mode("pick cancel", job="a"))

    def test_q_ends_the_run_from_every_view(self) -> None:
        for mode in (Mode(), Mode("all"), Mode("log", job="a"), Mode("pick cancel", job="a")):
            self.assertEqual(request(mode, "q"), Request("quit"))

    def test_list_of_all_jobs_moves_within_its_bounds(self) -> None:
        self.assertEqual(after(b"t"), Mode("all"))
        self.assertEqual(after(b"t\x1b[A").place, 0)
        self.assertEqual(after(b"t\x1b[B ").place, 11)
        self.assertEqual(after(b"t" + b" " * 50).place, 90)
        self.assertEqual(after(b"t\x1b[Bt"), Mode())


if __name__ == "__main__":
    unittest.main()
