"""What a run tells of itself in files, which may hold anything."""

from __future__ import annotations

import os
import tempfile
import unittest
import unittest.mock
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from lib.queue_worker import run_records
from lib.queue_worker.disk_watermark import DiskWatermark

RUN = "20260101T000000Z-aaaaaaa"


class FilesCase(unittest.TestCase):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.file = self.state / "file"


class Name(FilesCase):
    def test_one_word_is_a_name(self) -> None:
        self.file.write_text(f"{RUN}\n")
        self.assertEqual(run_records.name(self.file), RUN)

    def test_all_else_is_none(self) -> None:
        self.assertEqual(run_records.name(self.file), "")
        for text in ("", "\n", "../..", ".hidden", "a/b", "a b", "a\nb", "x" * 101, "\udcff"):
            self.file.write_bytes(os.fsencode(text))
            self.assertEqual(run_records.name(self.file), "")
        os.truncate(self.file, 1 << 42)
        self.assertEqual(run_records.name(self.file), "")
        self.file.unlink()
        self.file.symlink_to("/etc/hostname")
        self.assertEqual(run_records.name(self.file), "")


class Report(FilesCase):
    def report(self, text: str) -> Mapping[str, Any]:
        path = self.state / "runs" / RUN / "summary.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return run_records.report(self.state, RUN)

    def test_it_tells_whether_all_was_checked(self) -> None:
        self.assertTrue(run_records.checked_all(self.report('{"whole": true}')))
        self.assertFalse(run_records.checked_all(self.report('{"whole": false}')))
        self.assertTrue(run_records.checked_all(self.report('{"sha": "aaaa"}')))

    def test_it_confirms_the_exit_code_that_it_has(self) -> None:
        for text, code, expected in (
            ('{"state": "ended", "exit_code": 0}', 0, True),
            ('{"state": "ended", "exit_code": 1}', 1, True),
            ('{"state": "ended", "exit_code": 1}', 0, False),
            ('{"state": "ended", "exit_code": 0}', 1, False),
            ('{"state": "running", "exit_code": null}', 0, False),
            ('{"state": "running", "exit_code": null}', 1, False),
        ):
            with self.subTest(text, code=code):
                found = {**self.report(text), "sha": "a"}
                self.assertIs(run_records.confirms(found, "a", code), expected)
                self.assertFalse(run_records.confirms(found, "b", code))

    def test_one_that_cannot_be_read_confirms_any_code_but_0(self) -> None:
        self.assertEqual(run_records.report(self.state, RUN), {})
        for text in ("", "[]", "{}", "7", "[" * 100_000):
            found = self.report(text)
            self.assertTrue(run_records.checked_all(found))
            self.assertEqual(
                [run_records.confirms(found, "a", code) for code in (0, 1)], [False, True]
            )
        os.truncate(self.state / "runs" / RUN / "summary.json", 1 << 42)
        self.assertEqual(run_records.report(self.state, RUN), {})


class LastLine(FilesCase):
    def last(self, content: bytes) -> str:
        self.file.write_bytes(content)
        return run_records.last_line(self.file)

    def test_it_is_one_safe_line(self) -> None:
        self.assertEqual(self.last(b"first\nlast\n\n \n"), "last")
        self.assertEqual(self.last(b"\x1b[31mred\xff\n"), "·[31mred\N{REPLACEMENT CHARACTER}")
        self.assertEqual(self.last(b""), "")
        self.assertEqual(len(self.last(b"x" * 100_000)), run_records.LONGEST)
        self.file.unlink()
        self.assertEqual(run_records.last_line(self.file), "")

    def test_verdict_of_a_run_goes_before_the_lines_behind_it(self) -> None:
        end = b"[19:04:08] END   exit code 1: git said: fatal: no \x1b[31mremote\n"
        page = b"[19:04:08] PAGE  https://ci.example.org/runs/x/report.html\n"
        self.assertEqual(self.last(b"first\n" + end + page), "git said: fatal: no ·[31mremote")
        self.assertEqual(self.last(end + page + b"fatal: no memory\n"), "fatal: no memory")

    def test_no_part_of_a_secret_is_in_it(self) -> None:
        secret = "ghp_0123456789abcdefghijABCDEFGHIJ"
        with unittest.mock.patch.dict(os.environ, {"GITHUB_TOKEN": secret}):
            for pad in range(150, 210):
                found = self.last(b"x" * pad + secret.encode() + b"y" * 100)
                self.assertNotIn("ghp_0", found)


class Watermark(FilesCase):
    def test_room_is_looked_for_again_after_a_while(self) -> None:
        now, free = [0.0], [10]
        watermark = DiskWatermark(self.state, 1000, lambda: now[0])

        def asked(_: object) -> object:
            return unittest.mock.Mock(f_bavail=free[0], f_frsize=1)

        with unittest.mock.patch("os.statvfs", asked):
            self.assertRegex(watermark.obstacle(), "expected 1.0 kB free .* found 10 B")
            free[0] = 2000
            now[0] = 29.0
            self.assertTrue(watermark.obstacle())
            now[0] = 31.0
            self.assertEqual(watermark.obstacle(), "")
            free[0] = 10
            self.assertTrue(watermark.obstacle())

    def test_disk_that_cannot_be_asked_is_an_obstacle(self) -> None:
        watermark = DiskWatermark(self.state / "none", 0, lambda: 0.0)
        self.assertIn("cannot be asked: No such file", watermark.obstacle())


if __name__ == "__main__":
    unittest.main()
