"""Locks, and files of writers that were killed, between processes."""

from __future__ import annotations

import errno
import os
import shutil
import signal
import subprocess
import sys
import unittest
from pathlib import Path
from unittest import mock

from lib.common import files, locks
from tests.support.files_case import FilesCase

TOP = Path(__file__).parents[3]
HOLD = """
import sys
from pathlib import Path
from lib.common import files, locks
with locks.lock(Path(sys.argv[1]), "the other run"):
    print("held", flush=True)
    sys.stdin.read()
"""
DIE = """
import os, signal, sys
from pathlib import Path
from lib.common import files, locks
os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
files.atomic_write(Path(sys.argv[1]), "half")
"""


class AtomicWrite(FilesCase):
    def half_written(self) -> Path:
        """Return the file that a killed writer has left."""
        subprocess.run([sys.executable, "-c", DIE, str(self.path)], cwd=TOP, check=False)
        (left,) = self.top.glob(".file.*")
        return left

    def test_file_that_a_killed_writer_left_is_swept_by_the_next(self) -> None:
        left = self.half_written()
        self.assertEqual(left.read_text(), "half")
        files.atomic_write(self.top / "another", "text")
        self.assertEqual(self.names(), ["another"])

    def test_where_there_are_no_locks_files_are_written_and_nothing_is_swept(self) -> None:
        left = self.half_written()
        none = OSError(errno.ENOLCK, "no locks available")
        with mock.patch("fcntl.flock", side_effect=none):
            files.atomic_write(self.path, "text")
        self.assertEqual(self.names(), [left.name, "file"])


class Lock(FilesCase):
    def holder(self) -> subprocess.Popen[str]:
        pipe = subprocess.PIPE
        process = subprocess.Popen(
            [sys.executable, "-c", HOLD, str(self.path)],
            cwd=TOP,
            stdin=pipe,
            stdout=pipe,
            text=True,
        )
        self.addCleanup(process.communicate)
        self.addCleanup(process.kill)
        assert process.stdout
        self.assertEqual(process.stdout.readline(), "held\n")
        return process

    def test_waiting_is_announced_once_with_the_holders_name(self) -> None:
        process = self.holder()
        told: list[str] = []

        def waiting(name: str) -> None:
            told.append(name)
            assert process.stdin
            process.stdin.close()  # it lets go

        with locks.lock(self.path, "me", waiting=waiting):
            self.assertIn(f"me (pid {os.getpid()}, since ", self.path.read_text())
        process.stdin = None
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], rf"^the other run \(pid {process.pid}, since \d{{4}}-.*\)$")

    def test_long_wait_is_announced_again(self) -> None:
        process = self.holder()
        told: list[str] = []

        def waiting(name: str) -> None:
            told.append(name)
            if len(told) == 3:
                assert process.stdin
                process.stdin.close()  # it lets go

        for name in ("FIRST_PAUSE", "LONGEST_PAUSE", "LOOK"):
            self.enterContext(mock.patch.object(locks, name, 0.01))
        with locks.lock(self.path, "me", waiting=waiting):
            self.assertGreaterEqual(len(told), 3)
        process.stdin = None

    def test_free_lock_is_taken_without_a_word(self) -> None:
        with locks.lock(self.path, "me", waiting=self.fail):
            pass
        with locks.lock(self.path, "me", waiting=self.fail):
            pass

    def test_timeout_names_the_holder_and_the_file(self) -> None:
        process = self.holder()
        with (
            self.assertRaises(locks.LockTimeoutError) as caught,
            locks.lock(self.path, "me", timeout=0.05),
        ):
            self.fail("another process has the lock")
        for part in (str(self.path), "the other run", f"pid {process.pid}", "0.05 s"):
            self.assertIn(part, str(caught.exception))

    def test_lock_of_a_killed_process_is_free(self) -> None:
        process = self.holder()
        process.send_signal(signal.SIGKILL)
        process.wait()
        with locks.lock(self.path, "me", timeout=0, waiting=self.fail):
            pass

    def test_children_do_not_hold_the_lock(self) -> None:
        with locks.lock(self.path, "me"):
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
        try:
            with locks.lock(self.path, "me", timeout=0, waiting=self.fail):
                pass
        finally:
            child.communicate()

    def test_lock_on_a_file_that_was_removed_meanwhile_is_none(self) -> None:
        process = self.holder()

        def waiting(name: str) -> None:
            self.path.unlink()
            assert process.stdin
            process.stdin.close()  # it lets go

        with locks.lock(self.path, "me", waiting=waiting):
            self.assertIn(f"me (pid {os.getpid()}, since ", self.path.read_text())
            with (
                self.assertRaises(locks.LockTimeoutError),
                locks.lock(self.path, "the next", timeout=0),
            ):
                self.fail("two hold one lock")
        process.stdin = None

    def test_holder_can_tell_that_the_file_of_its_lock_was_removed_or_replaced(self) -> None:
        with locks.lock(self.path, "me") as held:
            self.assertFalse(held.lost)
            self.path.unlink()
            self.assertTrue(held.lost)
            with locks.lock(self.path, "the next", timeout=0, waiting=self.fail) as second:
                self.assertTrue(held.lost)
                self.assertFalse(second.lost)
            shutil.rmtree(self.top)
            self.assertTrue(held.lost)
        self.top.mkdir()

    def test_name_goes_with_the_lock(self) -> None:
        with locks.lock(self.path, "me"):
            pass
        self.assertEqual(self.path.read_text(), "")


if __name__ == "__main__":
    unittest.main()
