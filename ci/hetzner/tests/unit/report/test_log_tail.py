"""The end of a log shows the failure: no meters, no teardown in its place, no part of a secret."""

from __future__ import annotations

import itertools
import os
import re
import tempfile
import threading
import time
import unittest
from collections.abc import Callable
from pathlib import Path
from typing import Any
from unittest import mock

from lib.common.redact import LONGEST_SECRET, Redactor
from lib.processes import timeout_report
from lib.report import failure_lines, log_tail, seen_lines

TEARDOWN = "".join(f"teardown {n}\n" for n in range(1, 31))
# what tools print of a failure, and what of it has to be seen
NAMED = {
    "pytest": (
        "FAILED tests/test_table.py::test_sort - AssertionError: assert 2 == 3\n",
        "test_table.py::test_sort",
    ),
    "pytest, an error of a fixture": ("ERROR tests/test_a.py::test_b - OSError: x\n", "test_b"),
    "pytest, beside others": ("[rest] FAILED tests/test_a.py::test_b - OSError: x\n", "test_b"),
    "pytest -v": ("tests/test_a.py::test_b FAILED                 [ 50%]\n", "test_b FAILED"),
    "pytest, the assertion": (
        "    def test():\n>       assert 2 == 3\nE       assert 2 == 3\n",
        "E  ",
    ),
    "pytest, the place": ("tests/test_table.py:7: AssertionError\n", "test_table.py:7"),
    "pytest, the place of a call": ("tests/test_table.py:7: Failed\n", "test_table.py:7"),
    "pytest-xdist": ("[gw1] [ 33%] FAILED tests/test_a.py::test_b \n", "test_b"),
    "pytest, collection": ("!!!!!! Interrupted: 1 error during collection !!!!!!\n", "Interrupted"),
    "unittest": ("FAIL: test_sort (tests.test_table.Sort.test_sort)\n", "test_sort"),
    "jest": ("  ● table › sorts\n\n    expect(received).toBe(expected)\n", "table › sorts"),
    "jest, a file": ("FAIL src/table.test.js\n", "src/table.test.js"),
    "jest, a test": ("    ✕ sorts (3 ms)\n", "sorts"),
    "vitest": (" FAIL  src/table.test.ts > table > sorts\n", "table > sorts"),
    "vitest, a test": ("   × table > sorts 5ms\n", "table > sorts"),
    "Playwright": (
        "  1) [chromium] › e2e/table.spec.ts:3:5 › sorts ──────\n",
        "table.spec.ts:3:5 › sorts",
    ),
    "Playwright's summary": (
        "  1 failed\n    [chromium] › table.spec.ts:3:5 › sorts ──\n",
        "table.spec.ts:3:5",
    ),
    "Playwright's list": ("  ✘  1 [chromium] › table.spec.ts:3:5 › sorts (2s)\n", "sorts"),
    "mocha": ("  1) table sorts:\n", "table sorts"),
    "go test": ("--- FAIL: TestSort (0.00s)\n", "TestSort"),
    "go build": ("./table.go:3:5: undefined: x\n", "undefined: x"),
    "cargo test": ("test table::sorts ... FAILED\n", "table::sorts"),
    "rustc": ("error[E0308]: mismatched types\n --> src/main.rs:4:5\n", "mismatched types"),
    "a panic": ("thread 'main' panicked at src/main.rs:2:5:\n", "main.rs:2:5"),
    "gcc": ("src/table.c:3:5: error: expected ';'\n", "table.c:3:5"),
    "clang": ("src/a b.c:3:5: fatal error: 'x.h' file not found\n", "x.h"),
    "ld": ("/usr/bin/ld: main.o: undefined reference to `sort'\n", "undefined reference"),
    "mypy": ("lib/table.py:3: error: Incompatible types  [assignment]\n", "table.py:3"),
    "ruff": ("lib/table.py:3:5: F401 `os` imported but unused\n", "F401"),
    "eslint": ("/src/a.js\n  3:5  error  'x' is not defined  no-undef\n", "not defined"),
    "tsc": ("src/table.ts(3,5): error TS2322: Type 'a' is no 'b'.\n", "TS2322"),
    "tsc --pretty": ("src/table.ts:3:5 - error TS2322: Type 'a' is no 'b'.\n", "TS2322"),
    "make": ("make[1]: *** [Makefile:3: all] Error 2\n", "Makefile:3"),
    "ninja": ("FAILED: out/table.o\n", "out/table.o"),
    "bash": ("./run.sh: line 3: no-such: command not found\n", "no-such"),
    "bash -c": ("bash: line 1: no-such: command not found\n", "no-such"),
    "dash": ("sh: 1: no-such: not found\n", "no-such"),
    "shellcheck": ("In run.sh line 3:\n", "run.sh line 3"),
    "a traceback": (
        "Traceback (most recent call last):\n"
        '  File "/a.py", line 1, in <module>\n    f()\n'
        '  File "/b.py", line 7, in f\n    raise Odd("the table")\n'
        "lib.Odd: the table\n",
        "lib.Odd: the table",
    ),
    "where a traceback was raised": (
        'Traceback (most recent call last):\n  File "/b.py", line 7, in f\n    x\nOdd: y\n',
        'File "/b.py", line 7',
    ),
    "node": ("TypeError: x is not a function\n    at f (a.js:3:4)\n", "x is not a function"),
    "npm": ("npm ERR! code ELIFECYCLE\n", "ELIFECYCLE"),
    "pnpm": (" ERR_PNPM_OUTDATED_LOCKFILE  Cannot install\n", "OUTDATED_LOCKFILE"),
    "pip": ("ERROR: No matching distribution found for six\n", "six"),
    "uv": ("error: Failed to fetch\n", "Failed to fetch"),
    "git": ("fatal: not a git repository\n", "not a git repository"),
    "a crash": ("run.sh: line 2: 77 Segmentation fault (core dumped) ./x\n", "Segmentation"),
    "a logger": ("2026-11-28 10:00:00,123 ERROR the table is broken\n", "table is broken"),
    "TAP": ("not ok 3 - sorts\n", "sorts"),
    "coloured": ("\x1b[31m\x1b[1mFAILED\x1b[0m tests/a.py::test_b\n", "FAILED tests/a.py::test_b"),
}
HARMLESS = (
    "collected 12 items",
    "tests/test_a.py::test_b PASSED   [ 50%]",
    "  ✓ sorts (3 ms)",
    "PASS src/table.test.js",
    "[3/20] [chromium] › table.spec.ts:3:5 › sorts",
    "0 errors, 0 failures",
    "Downloading https://host:8080/a: 3 MB",
    "error-prone.js  12 kB",
    "make[1]: Entering directory '/x'",
)
METERS = {
    "curl, pip": "".join(f"\rcleaning up {n}%" for n in range(60)),
    "with line ends of Windows": "".join(f"\rcleaning up {n}%" for n in range(60)) + "\r",
    "cleared first": "".join(f"\r\x1b[Kcleaning up {n}%" for n in range(60)),
    "npm": "".join(f"\x1b[1G\x1b[0Kcleaning up {n}%" for n in range(60)),
    "cleared, then back": "".join(f"\x1b[2K\x1b[1000Dcleaning up {n}%" for n in range(60)),
    "docker": "".join(f"\x1b[1A\x1b[2Kcleaning up {n}%\n" for n in range(60)).replace(
        "\x1b[1A", "", 1
    ),
    "three lines at once": "a\nb\ncleaning\n" + "\x1b[3A\x1b[2Ka\n\x1b[2Kb\n\x1b[2Kcleaning\n" * 60,
    "log-update": "cleaning\n" + "\x1b[2K\x1b[1A\x1b[2K\x1b[Gcleaning\n" * 60,
    "backspaces": "cleaning up  0%" + "".join(f"\b\b\b{n:2d}%" for n in range(60)),
    "blank lines": "\n" * 60 + "cleaning",
    "form feeds": "\f" * 60 + "cleaning",
    "form feeds in lines": "\n".join(["\f"] * 60) + "\ncleaning",
    "separators that are no newlines": "\x0b\x1c\x1d\x1e\x85\u2028\u2029" * 20 + "cleaning",
}


def linear(work: Callable[[Any], object], short: object, long: object) -> bool:
    """Whether work on something four times as long takes about four times as long.

    Quadratic work takes 16 times as long. The noise of a machine does not come five times in a row.
    """

    def seconds(given: object) -> float:
        began = time.thread_time()
        work(given)
        return time.thread_time() - began

    return any(seconds(long) < 8 * seconds(short) for _ in range(5))


class Shown(unittest.TestCase):
    def setUp(self) -> None:
        self.log = Path(self.enterContext(tempfile.TemporaryDirectory())) / "a.log"

    def shown(self, text: str, *secrets: str) -> list[str]:
        self.log.write_bytes(text.encode())
        return log_tail.shown(self.log, Redactor(secrets))

    def test_line_that_names_a_failure_is_shown_before_the_teardown_that_buried_it(self) -> None:
        for tool, (said, seen) in NAMED.items():
            with self.subTest(tool):
                lines = self.shown(f"begins\n{said}{TEARDOWN}")
                self.assertEqual(lines[-20:], [f"teardown {n}" for n in range(11, 31)])
                before = lines[: lines.index("(at the end:)")]
                self.assertEqual(before[0], "(further up:)")
                self.assertIn(seen, "\n".join(before))
                self.assertNotIn("begins", before)
                self.assertNotIn("teardown 1", before)

    def test_nothing_but_the_last_lines_is_shown_where_no_line_names_a_failure(self) -> None:
        for said in HARMLESS:
            with self.subTest(said):
                self.assertEqual(len(self.shown(f"{said}\n{TEARDOWN}")), 20)

    def test_line_that_is_among_the_last_is_shown_once(self) -> None:
        lines = self.shown(f"{TEARDOWN}FAILED a.py::b\nend\n")
        self.assertEqual(lines[-2:], ["FAILED a.py::b", "end"])
        self.assertEqual(len(lines), 20)

    def test_of_many_failures_the_first_and_the_last_are_shown_and_names_before_details(
        self,
    ) -> None:
        many = "".join(f"E   detail {n}\nFAILED a.py::test_{n}\n" for n in range(100))
        lines = self.shown(many + TEARDOWN)
        numbers = (*range(5), *range(95, 100))
        self.assertEqual(lines[1:-21], [f"FAILED a.py::test_{n}" for n in numbers])

    def test_overwritten_line_counts_as_one(self) -> None:
        for kind, meter in METERS.items():
            with self.subTest(kind):
                lines = self.shown(f"the real error\n{meter}\n")
                self.assertIn("the real error", lines)
                self.assertLessEqual(len(lines), 4)
                self.assertIn("cleaning", lines[-1])

    def test_colours_are_kept_for_a_view_that_shows_them_and_no_other_sequence_is(self) -> None:
        red = "\x1b[1;31mFAILED\x1b[0m a.py::b"
        self.log.write_text(f"{red}\x1b]0;title\x07\x1b[K\n\x1b[32m\x1b[0m\n\n\x9b31mend\n")
        self.assertEqual(log_tail.shown(self.log, colours=True), [red, "", "end"])
        self.assertEqual(log_tail.shown(self.log), ["FAILED a.py::b", "", "end"])

    def test_colours_hide_no_failure_further_up(self) -> None:
        self.log.write_text(f"\x1b[31mFAILED\x1b[0m a.py::b\n{TEARDOWN}")
        lines = log_tail.shown(self.log, colours=True)
        self.assertEqual(
            lines[:3], ["(further up:)", "\x1b[31mFAILED\x1b[0m a.py::b", "(at the end:)"]
        )

    def test_secret_within_colours_is_masked_and_they_go(self) -> None:
        self.log.write_text("\x1b[31mtop\x1b[32msecret\x1b[0m x\n\x1b[31mred\x1b[0m\n")
        lines = log_tail.shown(self.log, Redactor(["topsecret"]), colours=True)
        self.assertEqual(lines, ["*** x", "\x1b[31mred\x1b[0m"])

    def test_sequence_that_another_one_hid_is_not_obeyed(self) -> None:
        self.log.write_text("\x1b\x1b[0m[31m\x1b\x1b\x1b[0m[0m[2Jx\n")
        for colours in (False, True):
            for line in log_tail.shown(self.log, colours=colours):
                self.assertTrue(seen_lines.COLOUR.sub("", line).isprintable())
        self.assertTrue(all(line.isprintable() for line in log_tail.shown(self.log)))

    def test_failure_that_was_written_over_stays(self) -> None:
        for said in ("\rFAILED a.py::b\rcleaning", "FAILED a.py::b\n\x1b[1A\x1b[2Kcleaning"):
            self.assertEqual(self.shown(f"{said}\n"), ["FAILED a.py::b", "cleaning"])

    def test_screen_that_is_drawn_anew_takes_no_more_than_a_screen_away(self) -> None:
        lines = self.shown("the real error\n" + TEARDOWN * 2 + "\x1b[999Adone\n")
        self.assertEqual(lines[0], "the real error")

    def test_very_long_line_is_cut_in_the_middle(self) -> None:
        for length in (1001, 70_000, 3_000_000):
            with self.subTest(length):
                line = "head " + "x" * length + " tail"
                (shown,) = self.shown(line)
                self.assertTrue(shown.endswith("x tail"))
                self.assertLess(len(shown), 1100)
                self.assertIn(" characters) … ", shown)
                if length < log_tail.READ:
                    self.assertTrue(shown.startswith("head x"))
        self.assertEqual(self.shown("x" * 1000), ["x" * 1000])

    def test_long_line_that_names_a_failure_is_cut_as_well(self) -> None:
        lines = self.shown(f"FAILED a.py::b {'x' * 5000} the end\n{TEARDOWN}")
        self.assertTrue(lines[1].startswith("FAILED a.py::b x"))
        self.assertTrue(lines[1].endswith("x the end"))
        self.assertLess(len(lines[1]), 1100)

    def test_no_control_character_is_left(self) -> None:
        said = "".join(map(chr, range(32))) + "\x7f\x80\x85\x9b\u2028\u202e"
        for line in self.shown(f"FAILED {said}\n{said}\n{TEARDOWN}"):
            self.assertTrue(line.replace("\t", "").isprintable(), repr(line))

    def test_secret_is_masked_wherever_it_stands_and_no_part_of_it_is_left(self) -> None:
        secret = "ghp_0123456789abcdefghijABCDEFGHIJ"
        for before in (0, 480, 490, 970, 995, 5000):
            for text in (
                f"{'x' * before}{secret}{'y' * 5000}",
                f"{'x' * 5000}{secret}{'y' * before}",
                f"FAILED {'x' * before}{secret}{'y' * 5000}\n{TEARDOWN}",
                f"{'x' * before}ghp_0123\x1b[1m{secret[8:]}\n",
                f"{'x' * before}ghp_0123\r{secret}\n",
            ):
                shown = "\n".join(self.shown(text, secret))
                for start in range(len(secret) - 9):
                    self.assertNotIn(secret[start : start + 9], shown)

    def test_rest_of_a_secret_that_the_part_which_is_read_begins_in_is_not_shown(self) -> None:
        secret = "s3cret-" + "z" * 40
        for others in (0, 1000):  # masked, they make the text shorter
            for cut in (1, 7, 30, 46):
                with self.subTest(cut, others=others):
                    size = log_tail.READ + LONGEST_SECRET - (len(secret) - cut)
                    text = secret + secret * others + "x" * (size - len(secret) * others)
                    (shown,) = self.shown(text, secret)  # one line, of which the head is shown
                    self.assertNotIn("z", shown)

    def test_log_of_any_size_is_read_only_from_its_end(self) -> None:
        with self.log.open("wb") as file:
            file.truncate(1 << 40)  # a hole: too large to be read whole
            file.seek(0, os.SEEK_END)
            file.write(b"\nFAILED a.py::b\n" + TEARDOWN.encode())
        lines = log_tail.shown(self.log)
        self.assertIn("FAILED a.py::b", lines)
        self.assertEqual(lines[-1], "teardown 30")

    def test_text_that_is_none_and_one_of_many_lines_cost_no_more_than_others(self) -> None:
        for text in (
            *(b"\n", b"\b\bx", b"\x1b[1A\x1b[2K\n", b"\r", b"a:", b":1", b"\xff", b"1) "),
            *(b"0123456789abcdef" * 125 + b"\n", b"::" * 1000 + b"\n", b"a.go:1:" * 280 + b"\n"),
        ):

            def shown(part: int, text: bytes = text) -> None:
                self.log.write_bytes(text * (part // len(text)))
                log_tail._lines.cache_clear()
                with mock.patch.object(log_tail, "READ", part):
                    log_tail.shown(self.log)

            part = log_tail.READ // (4 if len(text) > 1000 else 16)  # always of many lines
            self.assertTrue(linear(shown, part // 4, part), text)

    def test_pipe_in_the_place_of_a_log_does_not_block(self) -> None:
        os.mkfifo(self.log)
        found: list[str] = []
        thread = threading.Thread(
            target=lambda: found.extend(log_tail.shown(self.log)), daemon=True
        )
        thread.start()
        thread.join(60)
        self.assertIn("something else than a file", "".join(found))

    def test_log_that_is_empty_or_not_there_is_said_to_be(self) -> None:
        self.assertRegex(log_tail.shown(self.log)[0], "cannot be read: No such file")
        for text in ("", "\n\n \n", "\r\n", "\x1b[0m\n"):
            self.assertEqual(self.shown(text), ["(its log is empty)"])


class Picked(unittest.TestCase):
    def test_lines_keep_their_order_and_number(self) -> None:
        lines = [line for said, _ in NAMED.values() for line in said.splitlines()]
        for most in (1, 2, 3, 10):
            found = failure_lines.pick(lines, most)
            self.assertEqual(found, sorted(set(found)))
            self.assertEqual(len(found), most)
        self.assertEqual(failure_lines.pick([], 10), [])

    def test_time_of_each_form_grows_no_faster_than_the_length_of_a_line(self) -> None:
        units = ["a", "1", ":", "::", "a:", ":1", "a:1", ": ", "a: 1: ", ".go:1", "ld.", "! !!!"]
        units += [" ", "= ", " =", "failed =", "error ", "x ERROR", " › ", "a.b", "'' ", "[1] "]
        starts = [
            "",
            "= ",
            "!!! ",
            "[gw0] ",
            "1",
            "a:1",
            "ld: ",
            "test ",
            "thread '",
            "  ",
            "yarn ",
        ]
        for form in (*failure_lines.NAMES, *failure_lines.DETAILS):
            pattern = re.compile(form)
            for start, unit in itertools.product(starts, units):
                short, long = (start + unit * (n // len(unit)) for n in (5_000, 20_000))
                self.assertTrue(linear(pattern.match, short, long), (form, start, unit))


class OutOfTime(unittest.TestCase):
    def test_report_of_the_runner_on_processes_hides_no_last_line_of_the_job(self) -> None:
        with tempfile.TemporaryDirectory() as directory:
            log = Path(directory, "a.log")
            tree = [timeout_report.HEAD, *(f"{n} S sleep" for n in range(50))]
            log.write_text("\n".join([*(f"step {n}" for n in range(90)), "", *tree]) + "\n")
            shown = log_tail.shown(log)
        self.assertEqual(shown[:2], ["step 71", "step 72"])
        self.assertEqual(shown[-52:-50], ["", timeout_report.HEAD])
        self.assertEqual(shown[-1], "49 S sleep")


if __name__ == "__main__":
    unittest.main()
