"""The rules of files that are whole or not there, of locks, and of logs that overwrite nothing."""

from __future__ import annotations

import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import unittest
from pathlib import Path

from lib import files

TOP = Path(__file__).parent.parent
HOLD = """
import sys
from pathlib import Path
from lib import files
with files.lock(Path(sys.argv[1]), "the other run"):
    print("held", flush=True)
    sys.stdin.read()
"""


class FilesTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.top = Path(directory.name)
        self.path = self.top / "file"

    def names(self) -> list[str]:
        return sorted(path.name for path in self.top.iterdir())


class AtomicWrite(FilesTest):
    def test_content_and_mode_are_written_and_nothing_else_is_left(self) -> None:
        files.atomic_write(self.path, "grün\n")
        self.assertEqual(self.path.read_bytes(), "grün\n".encode())
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o644)
        files.atomic_write(self.path, b"\0\xff", mode=0o600)
        self.assertEqual(self.path.read_bytes(), b"\0\xff")
        self.assertEqual(stat.S_IMODE(self.path.stat().st_mode), 0o600)
        self.assertEqual(self.names(), ["file"])

    def test_who_has_opened_the_old_file_keeps_reading_the_old_one(self) -> None:
        files.atomic_write(self.path, "old")
        with self.path.open() as reader:
            files.atomic_write(self.path, "new")
            self.assertEqual(reader.read(), "old")
        self.assertEqual(self.path.read_text(), "new")

    def test_failed_write_leaves_the_old_file_and_no_debris(self) -> None:
        self.path.mkdir()
        (self.path / "inside").touch()
        with self.assertRaises(OSError):
            files.atomic_write(self.path, "text")
        self.assertEqual(self.names(), ["file"])
        self.assertTrue((self.path / "inside").exists())

    def test_names_of_files_that_are_no_text_are_written_as_they_are(self) -> None:
        files.atomic_write(self.path, os.fsdecode(b"/tmp/\xff"))
        self.assertEqual(self.path.read_bytes(), b"/tmp/\xff")

    def test_name_as_long_as_names_can_be_is_written(self) -> None:
        path = self.top / ("n" * 255)
        files.atomic_write(path, "text")
        self.assertEqual(path.read_text(), "text")


class Rotate(FilesTest):
    def test_old_files_get_the_next_free_names(self) -> None:
        for text in ("first", "second", "third"):
            files.rotate(self.path)
            self.path.write_text(text)
        found = {path.name: path.read_text() for path in self.top.iterdir()}
        self.assertEqual(found, {"file": "third", "file.1": "first", "file.2": "second"})

    def test_nothing_there_is_nothing_to_do(self) -> None:
        files.rotate(self.path)
        self.assertEqual(self.names(), [])

    def test_dangling_symlink_is_moved_away_too(self) -> None:
        self.path.symlink_to("nowhere")
        files.rotate(self.path)
        self.assertEqual(self.names(), ["file.1"])
        self.assertEqual((self.top / "file.1").readlink(), Path("nowhere"))

    def test_what_cannot_be_moved_stays_and_no_empty_file_is_left(self) -> None:
        self.path.mkdir()
        with self.assertRaises(OSError):
            files.rotate(self.path)
        self.assertEqual(self.names(), ["file"])

    def test_two_that_rotate_at_once_lose_no_file(self) -> None:
        count = 200

        def write(mark: str) -> None:
            for number in range(count):
                fresh = self.top / f"fresh-{mark}"
                fresh.write_text(f"{mark}{number}")
                while True:
                    files.rotate(self.path)
                    try:
                        os.link(fresh, self.path)
                    except FileExistsError:
                        continue  # the other one was faster: rotate that too
                    break
                fresh.unlink()

        writers = [threading.Thread(target=write, args=(mark,)) for mark in "ab"]
        for writer in writers:
            writer.start()
        for writer in writers:
            writer.join()
        kept = {path.read_text() for path in self.top.iterdir()}
        self.assertLessEqual({f"{m}{n}" for m in "ab" for n in range(count)}, kept)


class Lock(FilesTest):
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

        with files.lock(self.path, "me", waiting=waiting):
            self.assertIn(f"me (pid {os.getpid()}, since ", self.path.read_text())
        process.stdin = None
        self.assertEqual(len(told), 1)
        self.assertRegex(told[0], rf"^the other run \(pid {process.pid}, since \d{{4}}-.*\)$")

    def test_free_lock_is_taken_without_a_word(self) -> None:
        with files.lock(self.path, "me", waiting=self.fail):
            pass
        with files.lock(self.path, "me", waiting=self.fail):
            pass

    def test_timeout_names_the_holder_and_the_file(self) -> None:
        process = self.holder()
        with (
            self.assertRaises(files.LockTimeoutError) as caught,
            files.lock(self.path, "me", timeout=0.05),
        ):
            self.fail("the lock is somebody else's")
        for part in (str(self.path), "the other run", f"pid {process.pid}", "0.05 s"):
            self.assertIn(part, str(caught.exception))

    def test_lock_of_a_killed_process_is_free(self) -> None:
        process = self.holder()
        process.send_signal(signal.SIGKILL)
        process.wait()
        with files.lock(self.path, "me", timeout=0, waiting=self.fail):
            pass

    def test_children_do_not_hold_the_lock(self) -> None:
        with files.lock(self.path, "me"):
            child = subprocess.Popen(["cat"], stdin=subprocess.PIPE, close_fds=False)
        try:
            with files.lock(self.path, "me", timeout=0, waiting=self.fail):
                pass
        finally:
            child.communicate()

    def test_lock_on_a_file_that_was_removed_meanwhile_is_none(self) -> None:
        process = self.holder()

        def waiting(name: str) -> None:
            self.path.unlink()
            assert process.stdin
            process.stdin.close()  # it lets go

        with files.lock(self.path, "me", waiting=waiting):
            self.assertIn(f"me (pid {os.getpid()}, since ", self.path.read_text())
            with (
                self.assertRaises(files.LockTimeoutError),
                files.lock(self.path, "the next", timeout=0),
            ):
                self.fail("two hold one lock")
        process.stdin = None

    def test_holder_can_tell_that_the_file_of_its_lock_was_removed_or_replaced(self) -> None:
        with files.lock(self.path, "me") as held:
            self.assertFalse(held.lost)
            self.path.unlink()
            self.assertTrue(held.lost)
            with files.lock(self.path, "the next", timeout=0, waiting=self.fail) as second:
                self.assertTrue(held.lost)
                self.assertFalse(second.lost)
            shutil.rmtree(self.top)
            self.assertTrue(held.lost)
        self.top.mkdir()

    def test_name_goes_with_the_lock(self) -> None:
        with files.lock(self.path, "me"):
            pass
        self.assertEqual(self.path.read_text(), "")


if __name__ == "__main__":
    unittest.main()
