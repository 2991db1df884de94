"""Logs that grow, are cut, have holes, and have older ones beside them."""

from __future__ import annotations

import os

from lib.common.files import NotAFileError
from lib.report.growing_log import GrowingLog
from lib.run_directories import attempt_logs
from tests.support.stored_runs import WithStore


class Logs(WithStore):
    def setUp(self) -> None:
        super().setUp()
        self.run_dir = self.make()
        self.log = self.run_dir / "test.log"

    def read(self, log: GrowingLog) -> bytes:
        return b"".join(log.more())

    def opened(self) -> GrowingLog:
        log = GrowingLog(self.log)
        self.addCleanup(log.close)
        return log

    def test_attempts_are_in_their_order(self) -> None:
        for number in (10, 2, 1):
            (self.run_dir / f"test.log.{number}").touch()
        for other in ("test.log.x", "test.log.01", "test.log2", "test.log.", "my-test.log"):
            (self.run_dir / other).touch()
        names = [path.name for path in attempt_logs.paths(self.run_dir, "test")]
        self.assertEqual(names, ["test.log.1", "test.log.2", "test.log.10", "test.log"])

    def test_only_new_bytes_are_read(self) -> None:
        log = self.opened()
        self.assertEqual(self.read(log), b"one\ntwo\n")
        self.assertEqual(self.read(log), b"")
        with self.log.open("ab") as file:
            file.write(b"three\n")
        self.assertEqual(self.read(log), b"three\n")

    def test_log_that_was_cut_is_read_on_after_what_was_read(self) -> None:
        self.log.write_bytes(b"head\n" + b"x" * 5000 + b"tail\n")
        log = self.opened()
        self.read(log)
        self.log.write_bytes(b"head\nleft out\n" + b"x" * 2000 + b"tail\nnew\n")
        self.assertEqual(self.read(log), b"new\n")

    def test_log_that_was_emptied_is_read_from_its_start(self) -> None:
        log = self.opened()
        self.read(log)
        self.log.write_bytes(b"new\n")
        self.assertEqual(self.read(log), b"new\n")

    def test_hole_is_not_read_but_counted(self) -> None:
        with self.log.open("wb") as file:
            file.write(b"a" * 4096)
            file.seek(40 * 4096)
            file.write(b"b" * 4096)
        log = self.opened()
        found = self.read(log)
        if self.log.stat().st_blocks * 512 < 20 * 4096:  # this file system has holes
            self.assertEqual((found, log.left_out), (b"a" * 4096 + b"b" * 4096, 39 * 4096))
        else:
            self.assertEqual(len(found), 41 * 4096)

    def test_renamed_log_is_not_the_one_of_its_path(self) -> None:
        log = self.opened()
        self.assertTrue(log.is_at(self.log))
        self.log.rename(self.run_dir / "test.log.1")
        self.assertFalse(log.is_at(self.log))
        self.log.touch()
        self.assertFalse(log.is_at(self.log))

    def test_pipe_or_link_in_the_place_of_a_log_is_refused(self) -> None:
        self.log.unlink()
        os.mkfifo(self.log)
        with self.assertRaises(NotAFileError):
            GrowingLog(self.log)
        self.log.unlink()
        self.log.symlink_to("/etc/passwd")
        with self.assertRaises(NotAFileError):
            GrowingLog(self.log)
