"""Copies of trees are like the originals: holes, modes, and read-only directories."""

from __future__ import annotations

import contextlib
import os
import tempfile
import unittest
from collections.abc import Iterator
from pathlib import Path
from unittest import mock

from lib.common import tree_copy

MIB = 1024 * 1024


@contextlib.contextmanager
def ordinary_user() -> Iterator[None]:
    """Have no rights but those of a user, if this process has those of root."""
    if os.geteuid():
        yield
        return
    os.seteuid(65534)
    try:
        yield
    finally:
        os.seteuid(0)


class TreeTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.root = Path(directory.name)
        self.root.chmod(0o777)


class Sparse(TreeTest):
    def make(self, name: str, *parts: tuple[int, bytes], size: int) -> Path:
        path = self.root / name
        with path.open("wb") as file:
            for place, data in parts:
                os.pwrite(file.fileno(), data, place)
            file.truncate(size)
        return path

    def test_holes_stay_holes_and_the_content_is_the_same(self) -> None:
        layouts: dict[str, list[tuple[int, bytes]]] = {
            "hole": [],
            "end": [(0, b"a" * 70_000)],
            "start": [(40 * MIB - 5, b"b" * 5)],
            "middle": [(5, b"c"), (20 * MIB + 1, b"d" * (2 * MIB))],
        }
        for name, parts in layouts.items():
            with self.subTest(name):
                source = self.make(name, *parts, size=40 * MIB)
                if source.stat().st_blocks * 512 > 20 * MIB:
                    self.skipTest("this file system knows no holes")
                with mock.patch("fcntl.ioctl", side_effect=OSError("no reflink here")):
                    tree_copy.copy(source, self.root / f"{name}-copy")
                copied = self.root / f"{name}-copy"
                self.assertEqual(copied.stat().st_size, 40 * MIB)
                self.assertEqual(copied.read_bytes(), source.read_bytes())
                self.assertLess(copied.stat().st_blocks * 512, 4 * MIB)
                self.assertLess(tree_copy.size(source), 4 * MIB)

    def test_file_without_holes_is_copied_to_its_last_byte(self) -> None:
        for size in (0, 1, 4096, 3 * MIB + 7):
            source = self.make(f"full-{size}", (0, os.urandom(size)), size=size)
            with mock.patch("fcntl.ioctl", side_effect=OSError("no reflink here")):
                tree_copy.copy(source, self.root / f"copy-{size}")
            self.assertEqual((self.root / f"copy-{size}").read_bytes(), source.read_bytes())
            self.assertEqual(tree_copy.size(source), size)

    def test_file_system_that_knows_no_holes_is_read_as_a_whole(self) -> None:
        source = self.make("full", (0, b"x" * MIB), size=2 * MIB)
        with (
            mock.patch("fcntl.ioctl", side_effect=OSError("no reflink here")),
            mock.patch("os.lseek", side_effect=OSError(22, "Invalid argument")),
        ):
            tree_copy.copy(source, self.root / "copy")
        self.assertEqual((self.root / "copy").read_bytes(), source.read_bytes())


class ReadOnly(TreeTest):
    def make(self, name: str, text: str) -> Path:
        tree = self.root / name
        (tree / "deep").mkdir(parents=True)
        (tree / "deep" / "file").write_text(text)
        (tree / "deep" / "file").chmod(0o444)
        (tree / "deep").chmod(0o555)
        tree.chmod(0o555)
        return tree

    def test_tree_that_its_owner_may_not_write_takes_the_place_of_another(self) -> None:
        with ordinary_user():
            old = self.make("old", "old")
            aside = self.root / "aside"
            aside.mkdir()
            tree_copy.copy(self.make("new", "new"), aside / "old")
            tree_copy.replace(aside / "old", old)
            self.assertEqual((old / "deep" / "file").read_text(), "new")
            self.assertEqual(list(aside.iterdir()), [])
            modes = [oct(path.stat().st_mode & 0o777) for path in (old, old / "deep")]
            self.assertEqual(modes, ["0o555", "0o555"])
            tree_copy.remove(old)
            tree_copy.remove(self.root / "new")

    def test_old_one_is_as_it_was_if_the_new_one_cannot_come(self) -> None:
        with ordinary_user():
            old = self.make("old", "old")
            (self.root / "aside").mkdir()
            with self.assertRaises(OSError):
                tree_copy.replace(self.root / "aside" / "old", old)
            self.assertEqual((old / "deep" / "file").read_text(), "old")
            self.assertEqual(oct(old.stat().st_mode & 0o777), "0o555")
            tree_copy.remove(old)

    def test_place_that_its_owner_may_not_write_is_opened_for_a_while(self) -> None:
        with ordinary_user():
            place = self.make("place", "x")
            with tree_copy.writable(place):
                (place / "more").touch()
            self.assertEqual(oct(place.stat().st_mode & 0o777), "0o555")
            with self.assertRaises(PermissionError):
                (place / "again").touch()
            tree_copy.remove(place)

    def test_place_of_another_is_left_as_it_is(self) -> None:
        with ordinary_user(), tree_copy.writable(Path("/")):
            self.assertFalse(os.access("/", os.W_OK, effective_ids=True))


if __name__ == "__main__":
    unittest.main()
