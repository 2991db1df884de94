"""Files that match are copied as far as an attempt has written them, and within bounds."""

from __future__ import annotations

import functools
import os
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from lib.common import tree_copy
from lib.run_directories import keep_copy, path_patterns


class Keep(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory())).resolve()
        self.cwd = self.root / "tree [1]"
        self.cwd.mkdir()
        self.target = self.root / "run" / "kept" / "job"
        self.environ = {"W": str(self.root / "work*"), "N": "x"}
        self.put(self.root / "secret")

    def put(self, *paths: Path) -> None:
        for path in paths:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(os.fsencode(path.name))

    def keep(self, *patterns: str, since: float = 0.0) -> list[str]:
        return keep_copy.keep(patterns, keep_copy.Place(self.cwd, self.environ, self.target), since)

    def kept(self) -> list[str]:
        found = (path.relative_to(self.target) for path in self.target.rglob("*"))
        return sorted(str(path) for path in found if not (self.target / path).is_dir())

    def test_file_is_kept_by_its_name_and_a_directory_with_all_in_it(self) -> None:
        self.put(self.cwd / "a/b/one.xml", self.cwd / "two.xml", self.cwd / "results/deep/.x.png")
        self.assertEqual(self.keep("a/*/*.xml", "./two.xml", "results"), [])
        self.assertEqual(self.kept(), ["one.xml", "results/deep/.x.png", "two.xml"])
        self.assertEqual((self.target / "one.xml").read_text(), "one.xml")

    def test_pattern_may_be_absolute_and_name_variables_of_the_job(self) -> None:
        work = self.root / "work*"
        self.put(work / "x-1.xml", work / "y-1.xml", self.root / "workshop" / "x-2.xml")
        self.assertEqual(self.keep("$W/${N}-?.xml", f"{self.root}/workshop/x-2.xml"), [])
        self.assertEqual(self.kept(), ["x-1.xml", "x-2.xml"])

    def test_variable_may_be_the_whole_pattern(self) -> None:
        self.put(self.root / "work*" / "a")
        self.assertEqual(self.keep("$W"), [])
        self.assertEqual(self.kept(), ["work*/a"])

    def test_copy_that_is_to_stop_leaves_no_part_and_makes_no_directory(self) -> None:
        (self.cwd / "large").write_bytes(b"x" * 3 * tree_copy.CHUNK)
        self.put(self.cwd / "small")
        place = keep_copy.Place(self.cwd, self.environ, self.target)
        for before in range(4):  # checks that pass
            answers = iter([False] * before)
            with (
                mock.patch("fcntl.ioctl", side_effect=OSError),
                self.assertRaises(keep_copy.StoppedError),
            ):
                stopped = functools.partial(next, answers, True)
                keep_copy.keep(["large", "small"], place, 0.0, stopped)
            self.assertEqual(self.kept(), [])

    def test_unknown_variable_is_told(self) -> None:
        self.assertEqual(self.keep("$NOPE/*.xml", "*"), ["$NOPE/*.xml: NOPE is not set"])

    def test_pattern_that_matches_nothing_is_nothing_to_tell(self) -> None:
        self.assertEqual(self.keep("none/*.xml", "none", "/none/*", "**/none"), [])
        self.assertFalse(self.target.exists())

    def test_what_matches_twice_is_kept_once_and_equal_names_stay_apart(self) -> None:
        self.put(self.cwd / "a/x", self.cwd / "b/x")
        self.assertEqual(self.keep("*/x", "a/**", "**/x"), [])
        self.assertEqual(self.kept(), ["a/x", "x", "x.1"])

    def test_file_of_an_earlier_attempt_does_not_count(self) -> None:
        self.put(self.cwd / "old.xml")
        self.assertEqual(self.keep("*.xml", since=time.time() + 60), [])
        self.assertEqual(self.kept(), [])

    def test_files_of_an_earlier_attempt_are_moved_aside(self) -> None:
        self.put(self.cwd / "a.xml")
        self.keep("*.xml")
        (self.cwd / "a.xml").unlink()
        self.keep("*.xml")
        self.assertEqual(self.kept(), [])
        self.assertTrue(self.target.with_name("job.1").joinpath("a.xml").exists())

    def test_no_link_leads_out(self) -> None:
        self.put(self.cwd / "in" / "a")
        (self.cwd / "link").symlink_to(self.root)
        (self.cwd / "in" / "secret").symlink_to(self.root / "secret")
        (self.cwd / "in" / "up").symlink_to("..")
        self.assertEqual(self.keep("in", "link", "link/secret", "link/*", "**/secret"), [])
        self.assertEqual(self.kept(), ["in/a"])

    def test_pipes_and_hostile_names_are_harmless(self) -> None:
        name = "-rf\n\x1b[2J $(x) é"
        self.put(self.cwd / "d" / name, Path(os.fsdecode(bytes(self.cwd) + b"/d/\xff")))
        os.mkfifo(self.cwd / "d" / "pipe")
        os.mkfifo(self.cwd / "pipe")
        self.assertEqual(self.keep("d", "*"), [])
        self.assertEqual(len(self.kept()), 2)
        self.assertIn(f"d/{name}", self.kept())

    def test_bounds_are_kept_and_told(self) -> None:
        for number in range(6):
            (self.cwd / f"{number}.xml").write_text("x" * 10)
        for bound, value, kept in (("MOST_FILES", 4, 4), ("MOST_BYTES", 25, 2)):
            with mock.patch.object(keep_copy, bound, value):
                (told,) = self.keep("*.xml")
            self.assertIn(f"at least {6 - kept} files are left out", told)
            self.assertEqual(len(self.kept()), kept)
        with mock.patch.object(path_patterns, "MOST_LOOKS", 3):
            (told,) = self.keep("*")
        self.assertIn("3 names to look at", told)

    def test_file_that_cannot_be_copied_is_told_and_leaves_no_part(self) -> None:
        self.put(self.cwd / "a.xml", self.cwd / "b.xml")
        real = tree_copy.copy

        def full(source: Path, target: Path, *_: object) -> None:
            real(source, target)
            if source.name == "a.xml":
                raise OSError(28, "No space left on device")

        with mock.patch.object(tree_copy, "copy", full):
            (told,) = self.keep("*.xml")
        self.assertIn("1 could not be copied, the first: [Errno 28]", told)
        self.assertEqual(self.kept(), ["b.xml"])


if __name__ == "__main__":
    unittest.main()
