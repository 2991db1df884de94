"""The rules of files that are whole or not there, of locks, and of logs that overwrite nothing."""

from __future__ import annotations

import fcntl
import os
import stat
import threading
import unittest
from collections.abc import Callable
from pathlib import Path
from unittest import mock

from lib.common import files, locks, tree_copy
from tests.support.files_case import FilesCase
from tests.support.hostile_files import IN_THE_WAY

TOP = Path(__file__).parents[3]


class Read(FilesCase):
    def test_content_of_any_length_up_to_the_bound_is_read(self) -> None:
        for size in (0, 1, 9, 10):
            self.path.write_bytes(b"x" * size)
            self.assertEqual(files.read(self.path, 10), b"x" * size)
        self.assertIn(b"Umask", files.read("/proc/self/status"))  # has no size

    def test_file_that_a_job_has_made_too_long_is_refused_before_it_is_read(self) -> None:
        self.path.touch()
        os.truncate(self.path, 1 << 42)  # a hole: no memory has room for it
        with self.assertRaisesRegex(OSError, f"at most {files.LARGEST} bytes, found {1 << 42}"):
            files.read(self.path)

    def test_file_that_grows_while_it_is_read_is_refused(self) -> None:
        self.path.write_bytes(b"x" * 11)
        with (
            mock.patch("os.fstat", side_effect=_as_if_empty(os.fstat)),
            self.assertRaisesRegex(OSError, "at most 10 bytes, found more"),
        ):
            files.read(self.path, 10)


def _as_if_empty(look: Callable[[int], os.stat_result]) -> Callable[[int], os.stat_result]:
    """Return the look at a file before it grew."""

    def look_before(handle: int) -> os.stat_result:
        found = look(handle)
        return os.stat_result((*found[:6], 0, *found[7:]))

    return look_before


class AtomicWrite(FilesCase):
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
        with self.assertRaisesRegex(OSError, "expected a file, found a directory") as raised:
            files.atomic_write(self.path, "text")
        self.assertEqual(self.names(), ["file"])
        self.assertTrue((self.path / "inside").exists())
        self.assertEqual(raised.exception.filename, str(self.path))

    def test_error_names_the_file_and_not_the_one_that_is_half_written(self) -> None:
        with self.assertRaises(FileNotFoundError) as raised:
            files.atomic_write(self.top / "none" / "file", "text")
        self.assertEqual(raised.exception.filename, str(self.top / "none" / "file"))
        self.assertNotIn("writing", str(raised.exception))

    def test_names_of_files_that_are_no_text_are_written_as_they_are(self) -> None:
        files.atomic_write(self.path, os.fsdecode(b"/tmp/\xff"))
        self.assertEqual(self.path.read_bytes(), b"/tmp/\xff")

    def test_file_that_is_being_written_is_not_swept(self) -> None:
        real = os.fsync

        def sweep_before(handle: int) -> None:
            files.sweep(self.top)
            real(handle)

        with mock.patch("os.fsync", sweep_before):
            files.atomic_write(self.path, "text")
        self.assertEqual(self.names(), ["file"])

    def test_writer_whose_file_is_swept_before_it_is_locked_takes_another(self) -> None:
        real = fcntl.flock
        turns: list[int] = []

        def sweep_before(handle: int, operation: int) -> None:
            if not turns:
                turns.append(handle)
                files.sweep(self.top)
            real(handle, operation)

        with mock.patch("fcntl.flock", sweep_before):
            files.atomic_write(self.path, "text")
        self.assertEqual((self.names(), self.path.read_text()), (["file"], "text"))

    def test_sweep_leaves_files_of_other_programs(self) -> None:
        names = [".file", ".file.0123456789abcdef", ".a.0123456789abcdeX.writing", "a.writing"]
        for name in names:
            (self.top / name).touch()
        os.mkfifo(self.top / ".file.0123456789abcdef.writing")
        (self.top / ".dir.0123456789abcdef.writing").mkdir()
        before = self.names()
        files.sweep(self.top)
        files.sweep(self.top / "none")
        self.assertEqual(self.names(), before)

    def test_name_as_long_as_names_can_be_is_written(self) -> None:
        path = self.top / ("n" * 255)
        files.atomic_write(path, "text")
        self.assertEqual(path.read_text(), "text")


class InTheWay(FilesCase):
    """Things that a job may have put in the place of a file that the runner opens."""

    def test_anything_but_a_file_is_refused_by_name_without_waiting(self) -> None:
        for kind, make in IN_THE_WAY.items():
            for flags in (os.O_RDONLY, os.O_WRONLY | os.O_APPEND, os.O_RDWR | os.O_CREAT):
                with self.subTest(kind=kind, flags=flags):
                    make(self.path)
                    with self.assertRaises(files.NotAFileError) as caught:
                        files.open_file(self.path, flags)
                    self.assertIn(f"expected a file, found {kind}", str(caught.exception))
                    self.assertIn(str(self.path), str(caught.exception))
                    tree_copy.remove(self.path)
        self.assertEqual(self.names(), [])  # nothing was made where a link leads

    def test_file_is_opened_as_any_other(self) -> None:
        handle = files.open_file(self.path, os.O_WRONLY | os.O_CREAT, 0o600)
        self.assertTrue(os.get_blocking(handle))
        self.assertFalse(os.get_inheritable(handle))
        os.write(handle, b"text")
        os.close(handle)
        self.assertEqual(files.read(self.path), b"text")

    def test_directory_may_be_a_link_of_the_users(self) -> None:
        (self.top / "real").mkdir()
        (self.top / "link").symlink_to("real")
        os.close(files.begin(self.top / "link" / "a.log"))
        self.assertEqual(files.read(self.top / "link" / "a.log"), b"")
        self.assertTrue((self.top / "real" / "a.log").exists())

    def test_missing_and_forbidden_files_raise_the_usual_errors(self) -> None:
        with self.assertRaises(FileNotFoundError):
            files.read(self.path)
        with self.assertRaises(NotADirectoryError):
            files.read(TOP / "dsl.py" / "file")

    def test_new_file_is_begun_over_anything(self) -> None:
        for make in IN_THE_WAY.values():
            make(self.path)
            handle = files.begin(self.path)
            os.write(handle, b"ours")
            os.close(handle)
            self.assertEqual(files.read(self.path), b"ours")
            self.path.unlink()
        self.assertFalse((self.top / "nowhere").exists())

    def test_file_that_another_process_makes_again_and_again_is_an_error_and_no_loop(self) -> None:
        self.path.touch()
        with mock.patch.object(files, "rotate"), self.assertRaises(FileExistsError):
            files.begin(self.path)

    def test_lock_is_taken_though_something_else_is_in_the_place_of_its_file(self) -> None:
        for make in IN_THE_WAY.values():
            make(self.path)
            with locks.lock(self.path, "me", timeout=0, waiting=self.fail) as held:
                self.assertFalse(held.lost)
                self.assertEqual(locks.pid_of(self.path.read_text().strip()), os.getpid())
            self.path.unlink()
        self.assertFalse((self.top / "nowhere").exists())

    def test_name_of_a_holder_that_is_cut_has_no_pid(self) -> None:
        for name in ("", "me (pid 12", "me (pid 12, since", "a process without a name"):
            self.assertIsNone(locks.pid_of(name))


class Rotate(FilesCase):
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

    def test_existing_path_of_any_kind_is_moved_as_it_is(self) -> None:
        for number, (kind, make) in enumerate(IN_THE_WAY.items(), 1):
            make(self.path)
            files.rotate(self.path)
            moved = self.top / f"file.{number}"
            self.assertEqual(files.another_kind(moved), kind)
            self.assertFalse(os.path.lexists(self.path))

    def test_file_that_cannot_be_moved_stays_and_no_empty_one_is_left(self) -> None:
        for make in (Path.touch, Path.mkdir):
            make(self.path)
            with (
                mock.patch.object(Path, "rename", side_effect=PermissionError),
                self.assertRaises(PermissionError),
            ):
                files.rotate(self.path)
            self.assertEqual(self.names(), ["file"])
            tree_copy.remove(self.path)

    def test_number_after_a_thousand_is_found_with_few_looks(self) -> None:
        for number in range(1, 1001):
            (self.top / f"file.{number}").touch()
        self.path.touch()
        with mock.patch("os.path.lexists", side_effect=os.path.lexists) as looks:
            files.rotate(self.path)
        self.assertLess(looks.call_count, 30)
        self.assertTrue((self.top / "file.1001").exists())

    def test_missing_number_is_filled_and_nothing_is_overwritten(self) -> None:
        kept = {}
        for number in (1, 2, 4, 5, 6):
            (self.top / f"file.{number}").write_text(f"{number}")
            kept[f"file.{number}"] = f"{number}"
        self.path.write_text("new")
        files.rotate(self.path)
        found = {path.name: path.read_text() for path in self.top.iterdir()}
        self.assertEqual(len(found), 6)
        self.assertEqual({**found, **kept}, found)

    def test_two_that_rotate_at_once_lose_no_file(self) -> None:
        count = 60

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


if __name__ == "__main__":
    unittest.main()
