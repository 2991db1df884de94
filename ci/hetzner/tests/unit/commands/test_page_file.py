"""A page goes to the file that a user names, whole and without secrets, or not at all."""

from __future__ import annotations

import contextlib
import io
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.commands import page_file


class PageFile(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()

    def write(self, path: Path, page: str = "a page") -> str:
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(page_file.write(str(path), page), 0)
        return out.getvalue()

    def test_page_takes_the_place_of_the_one_before_and_its_path_is_told(self) -> None:
        for page in ("one", "two"):
            told = self.write(self.root / "x.html", page)
        self.assertEqual(told, f"wrote {self.root}/x.html\n")
        self.assertEqual([path.name for path in self.root.iterdir()], ["x.html"])
        self.assertEqual((self.root / "x.html").read_text(), "two")

    def test_secrets_are_masked(self) -> None:
        with mock.patch.dict(os.environ, {"CI_SECRET_A": "swordfish"}):
            self.write(self.root / "x.html", "<b>swordfish</b>")
        self.assertEqual((self.root / "x.html").read_text(), "<b>***</b>")

    def test_place_that_is_none_is_refused_with_a_sentence(self) -> None:
        (self.root / "link").symlink_to("elsewhere")
        for path, kind, words in (
            (self.root, ValueError, "found a directory at"),
            (self.root / "link", ValueError, "found a symlink at"),
            (self.root / "no" / "x.html", OSError, "can be written to, found .*: No such file"),
        ):
            with self.subTest(words), self.assertRaisesRegex(kind, words):
                self.write(path)
        self.assertFalse((self.root / "elsewhere").exists())


if __name__ == "__main__":
    unittest.main()
