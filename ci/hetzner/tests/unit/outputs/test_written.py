"""What counts as a written output, and what does not, on a real file system."""

from __future__ import annotations

import os
import shutil
import unittest
from unittest import mock

from lib.outputs import written as outputs
from tests.support.written_case import LONG_AGO, WrittenCase


class Files(WrittenCase):
    def test_leftover_does_not_count(self) -> None:
        self.path.write_text("left over a moment ago")
        self.assert_not_written(lambda: None)

    def test_reading_a_leftover_does_not_count(self) -> None:
        self.old("out")
        self.assert_not_written(self.path.read_text)

    def test_nothing_there_does_not_count(self) -> None:
        self.assert_not_written(lambda: None)

    def test_removed_leftover_does_not_count(self) -> None:
        self.old("out")
        self.assert_not_written(self.path.unlink)

    def test_created_file_counts(self) -> None:
        self.assert_written(lambda: self.path.write_text(""))

    def test_rewrite_in_place_with_the_same_text_counts(self) -> None:
        self.path.write_text("same")
        self.assert_written(lambda: self.path.write_text("same"))

    def test_rewrite_whose_time_is_set_back_counts(self) -> None:
        self.old("out")

        def act() -> None:
            self.path.write_text("new")
            os.utime(self.path, LONG_AGO)

        self.assert_written(act)

    def test_old_file_moved_there_counts(self) -> None:
        self.old("out")
        self.assert_written(lambda: self.old("source").replace(self.path))

    def test_old_file_linked_there_counts(self) -> None:
        source = self.old("source")
        self.assert_written(lambda: os.link(source, self.path))

    def test_file_in_the_place_of_a_directory_counts(self) -> None:
        self.old_tree()

        def act() -> None:
            shutil.rmtree(self.path)
            self.path.write_text("new")

        self.assert_written(act)


class Attributes(WrittenCase):
    """A change of attributes moves the change time as a write does, and is none."""

    def test_leftover_whose_mode_is_changed_does_not_count(self) -> None:
        self.old("out")
        self.assert_not_written(lambda: self.path.chmod(0o755))

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_leftover_whose_owner_is_changed_does_not_count(self) -> None:
        self.old("out")
        self.assert_not_written(lambda: os.chown(self.path, 65534, -1))
        self.assert_not_written(lambda: os.chown(self.path, -1, 65534))

    def test_leftover_that_gets_or_loses_another_name_does_not_count(self) -> None:
        self.old("out")
        self.assert_not_written(lambda: os.link(self.path, self.top / "other"))
        self.assert_not_written((self.top / "other").unlink)

    def test_leftover_that_is_touched_counts(self) -> None:
        self.old("out")
        self.assert_written(self.path.touch)

    def test_write_counts_after_any_change_of_mode(self) -> None:
        self.old("out")

        def act() -> None:
            self.path.write_text("new")
            self.path.chmod(0o755)

        self.assert_written(act)

    def test_file_put_in_place_of_one_with_another_mode_counts(self) -> None:
        self.old("out")
        self.old("aside").chmod(0o755)
        self.assert_written(lambda: (self.top / "aside").replace(self.path))

    def test_leftover_that_is_moved_away_and_back_counts(self) -> None:
        self.old("out")

        def act() -> None:
            self.path.rename(self.top / "aside")
            (self.top / "aside").rename(self.path)

        self.assert_written(act)

    def test_mode_set_to_its_old_value_counts_as_a_write(self) -> None:
        self.old("out").chmod(0o644)
        self.assert_written(lambda: self.path.chmod(0o644))

    def test_directory_in_which_only_modes_are_changed_does_not_count(self) -> None:
        self.old_tree()
        self.assert_not_written(lambda: self.path.chmod(0o700))
        self.assert_not_written(lambda: (self.path / "sub" / "file").chmod(0o600))
        more = self.path / "sub" / "more"

        def act() -> None:
            (self.path / "sub").chmod(0o700)
            more.touch()

        self.assert_written(act)

    @unittest.skipUnless(os.geteuid() == 0, "only root gives files away")
    def test_symlink_whose_owner_is_changed_does_not_count(self) -> None:
        self.path.symlink_to(self.old("target"))
        self.assert_not_written(lambda: os.chown(self.path, 65534, -1, follow_symlinks=False))


class Symlinks(WrittenCase):
    def test_symlink_is_followed(self) -> None:
        target = self.old("target")
        self.path.symlink_to(target)
        self.assert_not_written(lambda: None)
        self.assert_written(lambda: target.write_text("new"))

    def test_symlink_turned_to_another_old_file_counts(self) -> None:
        self.path.symlink_to(self.old("one"))
        self.old("two")

        def act() -> None:
            self.path.unlink()
            self.path.symlink_to("two")

        self.assert_written(act)

    def test_symlink_to_nothing_does_not_count(self) -> None:
        self.assert_not_written(lambda: self.path.symlink_to("nowhere"))

    def test_symlink_to_itself_does_not_count_and_can_be_replaced(self) -> None:
        self.assert_not_written(lambda: self.path.symlink_to(self.path))

        def act() -> None:
            self.path.unlink()
            self.path.write_text("new")

        self.assert_written(act)


class Directories(WrittenCase):
    def test_leftover_directory_does_not_count(self) -> None:
        self.old_tree()
        self.assert_not_written(lambda: list(self.path.rglob("*")))

    def test_empty_directory_counts(self) -> None:
        self.assert_written(self.path.mkdir)

    def test_file_rewritten_deep_inside_counts(self) -> None:
        self.old_tree()
        self.assert_written(lambda: (self.path / "sub" / "file").write_text("new"))

    def test_file_added_or_removed_deep_inside_counts(self) -> None:
        self.old_tree()
        self.assert_written((self.path / "sub" / "more").touch)
        self.assert_written((self.path / "sub" / "more").unlink)

    def test_old_directory_moved_there_counts(self) -> None:
        (self.top / "aside").mkdir()
        self.old_tree()

        def act() -> None:
            shutil.rmtree(self.path)
            (self.top / "aside").rename(self.path)

        self.assert_written(act)

    def test_loop_of_symlinks_inside_is_not_walked(self) -> None:
        self.old_tree()
        (self.path / "loop").symlink_to(self.path)
        self.assert_not_written(lambda: None)

    def test_work_is_bounded(self) -> None:
        self.old_tree()
        with mock.patch.object(outputs, "MOST_ENTRIES", 1):
            found = outputs.signature(self.path)
        self.assertIsNotNone(found)
        self.assertEqual(len(found or ()), 2)


if __name__ == "__main__":
    unittest.main()
