"""When a watch tells of a path, with real files: by inotify, and by timed looks where forced."""

from __future__ import annotations

import contextlib
import math
import os
import random
import resource
import select
import shutil
import sys
import unittest
from pathlib import Path
from unittest import mock

from lib.outputs import inotify
from lib.outputs.inotify import InotifyWatch, Watch
from lib.outputs.path_follower import is_settled, names_on_the_way
from lib.outputs.polling import PollWatch
from tests.support.watch_case import WatchTest


class Rules(WatchTest):
    """What holds for both ways to watch; here by timed looks."""

    def test_written_and_closed_file_is_told_of(self) -> None:
        self.watch.add("token", self.path)
        self.path.write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_file_renamed_into_place_is_told_of(self) -> None:
        (self.top / "aside").write_text("text")
        self.watch.add("token", self.path)
        (self.top / "aside").rename(self.path)
        self.assertEqual(self.news(), ["token"])

    def test_directory_renamed_into_place_is_told_of(self) -> None:
        (self.top / "aside" / "sub").mkdir(parents=True)
        self.watch.add("token", self.path)
        (self.top / "aside").rename(self.path)
        self.assertEqual(self.news(), ["token"])

    def test_links_are_told_of(self) -> None:
        target = self.top / "target"
        target.write_text("text")
        self.watch.add("hard", self.path)
        self.watch.add("soft", self.top / "soft")
        os.link(target, self.path)
        self.assertEqual(self.news(), ["hard"])
        (self.top / "soft").symlink_to(target)
        self.assertEqual(self.news(), ["soft"])

    def test_directories_on_the_way_may_be_made_later(self) -> None:
        deep = self.top / "a" / "b" / "c" / "out"
        self.watch.add("token", deep)
        deep.parent.mkdir(parents=True)
        deep.write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_directory_on_the_way_may_be_removed_and_made_again(self) -> None:
        deep = self.top / "a" / "b" / "out"
        deep.parent.mkdir(parents=True)
        self.watch.add("token", deep)
        shutil.rmtree(self.top / "a")
        deep.parent.mkdir(parents=True)
        deep.write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_directory_on_the_way_may_be_moved_away_and_made_again(self) -> None:
        deep = self.top / "a" / "b" / "out"
        deep.parent.mkdir(parents=True)
        self.watch.add("token", deep)
        (self.top / "a").rename(self.top / "old")
        deep.parent.mkdir(parents=True)
        deep.write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_whole_tree_with_the_file_may_be_moved_there(self) -> None:
        (self.top / "aside" / "b").mkdir(parents=True)
        (self.top / "aside" / "b" / "out").write_text("text")
        self.watch.add("token", self.top / "a" / "b" / "out")
        (self.top / "aside").rename(self.top / "a")
        self.assertEqual(self.news(), ["token"])

    def test_symlink_on_the_way_may_be_turned(self) -> None:
        (self.top / "1").mkdir()
        (self.top / "2").mkdir()
        (self.top / "2" / "out").write_text("text")
        (self.top / "now").symlink_to("1")
        self.watch.add("token", self.top / "now" / "out")
        self.turn(self.top / "now")
        self.assertEqual(self.news(), ["token"])

    def test_symlink_on_the_way_may_lead_to_a_directory_that_is_made_later(self) -> None:
        (self.top / "now").symlink_to("later/sub")
        self.watch.add("token", self.top / "now" / "out")
        (self.top / "later" / "sub").mkdir(parents=True)
        (self.top / "now" / "out").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_target_of_a_symlink_may_be_written_later(self) -> None:
        self.path.symlink_to("elsewhere")
        self.watch.add("token", self.path)
        (self.top / "elsewhere").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_symlink_may_be_made_before_its_target(self) -> None:
        self.watch.add("token", self.path)
        self.path.symlink_to(self.top / "a" / "target")
        self.assertEqual(self.watch.read(), [])
        (self.top / "a").mkdir()
        (self.top / "a" / "target").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_target_of_a_symlink_that_is_rewritten_is_told_of(self) -> None:
        (self.top / "target").write_text("old")
        self.path.symlink_to("target")
        self.watch.add("token", self.path)
        while self.watch.interval() < math.inf and not self.watch.read():
            pass  # timed looks tell of the leftover as well: the caller knows it
        (self.top / "target").write_text("new")
        self.assertEqual(self.news(), ["token"])

    def test_symlinks_may_lead_to_symlinks(self) -> None:
        (self.top / "a").mkdir()
        self.path.symlink_to("a/one")
        (self.top / "a" / "one").symlink_to("../b/two")
        self.watch.add("token", self.path)
        (self.top / "b").mkdir()
        (self.top / "b" / "two").symlink_to("three")
        (self.top / "b" / "three").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_symlink_may_be_turned_to_a_file_that_is_written_later(self) -> None:
        self.path.symlink_to("1")
        self.watch.add("token", self.path)
        self.turn(self.path)
        self.assertEqual(self.watch.read(), [])
        (self.top / "2").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_file_may_take_the_place_of_a_symlink(self) -> None:
        for target in ("elsewhere", self.path.name):  # the latter is a loop
            with self.subTest(target=target):
                self.path.symlink_to(target)
                self.watch.add(target, self.path)
                self.path.unlink()
                self.path.write_text("text")
                self.assertEqual(self.news(), [target])
                self.watch.remove(target)
                self.path.unlink()

    def test_way_up_from_a_symlink_begins_where_that_leads(self) -> None:
        (self.top / "a" / "b").mkdir(parents=True)
        (self.top / "link").symlink_to("a/b")
        self.watch.add("token", self.top / "link" / ".." / "out")
        (self.top / "a" / "out").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_two_spellings_of_one_directory_are_both_watched(self) -> None:
        (self.top / "sub").mkdir()
        (self.top / "alias").symlink_to("sub")
        self.watch.add("real", self.top / "sub" / "one")
        self.watch.add("alias", self.top / "alias" / "two")
        (self.top / "sub" / "one").write_text("text")
        self.assertEqual(self.news(), ["real"])
        (self.top / "sub" / "two").write_text("text")
        self.assertEqual(self.news(), ["alias"])

    def test_leftover_that_is_rewritten_is_told_of(self) -> None:
        self.path.write_text("old")
        self.watch.add("token", self.path)
        while self.watch.interval() < math.inf and not self.watch.read():
            pass  # timed looks tell of the leftover as well: the caller knows it
        self.path.write_text("new")
        self.assertEqual(self.news(), ["token"])

    def test_leftover_that_is_only_touched_is_told_of(self) -> None:
        self.path.write_text("of an earlier run")
        self.watch.add("token", self.path)
        while self.watch.interval() < math.inf and not self.watch.read():
            pass  # timed looks tell of the leftover as well: the caller knows it
        os.utime(self.path)
        self.assertEqual(self.news(), ["token"])

    def test_removed_path_is_not_reported(self) -> None:
        self.watch.add("gone", self.path)
        self.watch.add("token", self.top / "other")
        self.watch.remove("gone")
        self.path.write_text("text")
        (self.top / "other").write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_nothing_to_watch_needs_no_look(self) -> None:
        self.assertEqual((self.watch.fileno(), self.watch.interval()), (None, math.inf))
        self.watch.add("token", self.path)
        self.watch.remove("token")
        self.assertEqual((self.watch.fileno(), self.watch.interval()), (None, math.inf))
        self.assertEqual(self.watch.read(), [])


def place(rng: random.Random, top: Path) -> Path:
    """Draw a path of few names, so that later ones meet it."""
    return top.joinpath(*rng.choices("abc", k=rng.randint(1, 3)))


def shuffle(rng: random.Random, top: Path) -> None:
    """Change something below a directory, or nothing if that is not possible."""
    path, other, up = place(rng, top), place(rng, top), rng.choice([("..",), ()])
    with contextlib.suppress(OSError):
        match rng.randrange(6):
            case 0:
                path.mkdir(parents=True)
            case 1:
                path.symlink_to(other)
            case 2:
                path.symlink_to(Path(*up, *rng.choices("abc", k=2)))
            case 3:
                path.rename(other)
            case 4:
                path.unlink()
            case 5:
                shutil.rmtree(path)


@unittest.skipUnless(sys.platform == "linux", "inotify is Linux's own")
class Inotify(Rules):
    def make(self) -> Watch:
        return InotifyWatch()

    def test_half_written_file_is_not_told_of(self) -> None:
        self.watch.add("token", self.path)
        with self.path.open("w") as file:
            for _ in range(3):
                file.write("part")
                file.flush()
                self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.watch.read(), ["token"])

    def test_file_that_another_still_writes_is_not_told_of_when_one_has_closed_it(self) -> None:
        self.watch.add("token", self.path)
        with self.path.open("a"):
            for _ in range(3):
                with self.path.open("a") as quick:
                    quick.write("part")
                self.assert_silent()
        self.assertEqual(self.news(), ["token"])

    def test_file_that_is_renamed_into_place_before_it_is_closed_is_not_told_of(self) -> None:
        (self.top / "else").mkdir()
        for number, way in enumerate(("aside", "else/aside")):
            path = self.top / f"out{number}"
            self.watch.add(number, path)
            with (self.top / way).open("w") as file:
                (self.top / way).rename(path)
                self.assert_silent()
                file.write("part")
                file.flush()
                self.assert_silent()
            self.assertEqual(self.news(), [number])

    def test_file_that_is_linked_into_place_is_told_of_when_it_is_closed(self) -> None:
        (self.top / "else").mkdir()
        for number, way in enumerate(("aside", "else/aside")):
            path = self.top / f"out{number}"
            self.watch.add(number, path)
            with (self.top / way).open("w") as file:
                os.link(self.top / way, path)
                self.assert_silent()
                file.write("text")
            self.assertEqual(self.news(), [number])

    def test_file_without_a_name_that_is_linked_into_place_is_told_of_when_it_is_closed(
        self,
    ) -> None:
        if sys.platform != "linux":
            self.skipTest("macOS has no O_TMPFILE")
        try:
            handle = os.open(self.top, os.O_TMPFILE | os.O_WRONLY)
        except OSError as error:  # the file system has none
            self.skipTest(str(error))
        self.watch.add("token", self.path)
        # a directory makes it linkat(2), which follows
        os.link(f"/proc/self/fd/{handle}", self.path, src_dir_fd=handle, follow_symlinks=True)
        self.assert_silent()
        os.close(handle)
        self.assertEqual(self.news(), ["token"])

    def test_file_that_is_open_when_its_last_event_is_read_is_told_of_all_the_same(self) -> None:
        """The kernel tells of a close before it counts the file as closed."""
        self.watch.add("token", self.path)
        self.path.write_text("text")
        with mock.patch.object(inotify, "is_settled", return_value=False):
            self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.news(), ["token"])

    def test_half_written_file_in_a_new_directory_is_not_told_of(self) -> None:
        deep = self.top / "a" / "b" / "out"
        self.watch.add("token", deep)
        deep.parent.mkdir(parents=True)
        with deep.open("w") as file:
            file.write("part")
            file.flush()
            self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.news(), ["token"])

    def test_half_written_target_of_a_symlink_is_not_told_of(self) -> None:
        self.watch.add("token", self.path)
        with (self.top / "target").open("w") as file:
            (self.top / "aside").symlink_to("target")
            (self.top / "aside").rename(self.path)
            for _ in range(3):
                file.write("part")
                file.flush()
                self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.watch.read(), ["token"])

    def test_former_target_of_a_symlink_is_not_told_of(self) -> None:
        self.path.symlink_to("1")
        self.watch.add("token", self.path)
        self.path.unlink()
        self.path.symlink_to("2")
        self.assertEqual(self.watch.read(), [])
        (self.top / "1").write_text("text")
        self.assertEqual(self.watch.read(), [])

    def test_descriptor_serves_until_the_end(self) -> None:
        """Closing one costs milliseconds: the kernel waits until it is unused."""
        self.watch.add("first", self.path)
        kept = self.watch.fileno()
        self.watch.remove("first")
        with Path(os.devnull).open():  # would get its number if that were free
            self.watch.add("second", self.path)
            self.assertEqual(self.watch.fileno(), kept)
        self.path.write_text("text")
        self.assertEqual(self.news(), ["second"])

    def test_event_without_a_waiting_output_wakes_no_loop(self) -> None:
        self.watch.add("token", self.path)
        self.watch.remove("token")
        self.path.write_text("text")
        self.watch.add("token", self.path)
        descriptor = self.watch.fileno()
        assert descriptor is not None
        self.assertEqual(select.select([descriptor], [], [], 0), ([], [], []))

    def test_each_event_costs_a_look_at_its_own_path_only(self) -> None:
        paths = [self.top / f"out{number}" for number in range(200)]
        told: set[str] = set()
        with mock.patch.object(inotify, "names_on_the_way", wraps=names_on_the_way) as ways:
            for path in paths:
                self.watch.add(path.name, path)
            with mock.patch.object(inotify, "is_settled", wraps=is_settled) as looks:
                for path in paths:
                    path.write_text("text")
                while len(told) < len(paths):
                    told.update(self.news())
        self.assertEqual(ways.call_count, len(paths))
        self.assertLessEqual(looks.call_count, len(paths))  # when it was created

    def test_directory_of_one_path_may_be_on_the_way_to_another(self) -> None:
        self.watch.add("near", self.path)
        self.watch.add("far", self.top / "sub" / "out")
        with self.path.open("w"):
            self.assertEqual(self.watch.read(), [])
        self.assertEqual(self.watch.read(), ["near"])

    def test_unwatched_neighbours_are_not_told_of(self) -> None:
        self.watch.add("token", self.path)
        (self.top / "other").write_text("text")
        (self.top / "out.tmp").write_text("text")
        self.assertEqual(self.watch.read(), [])

    def test_fifo_is_told_of(self) -> None:
        self.watch.add("token", self.path)
        os.mkfifo(self.path)
        self.assertEqual(self.watch.read(), ["token"])

    def test_lost_events_make_it_look_for_itself(self) -> None:
        deep = self.top / "a" / "b" / "out"
        self.watch.add("token", deep)
        limit = int(Path("/proc/sys/fs/inotify/max_queued_events").read_text())
        first, second = self.top / "1", self.top / "2"
        first.touch()
        for number in range(limit):  # entries that differ are not merged into one event
            source, target = (first, second) if number % 2 == 0 else (second, first)
            source.rename(target)
        deep.parent.mkdir(parents=True)
        deep.write_text("text")
        self.assertEqual(self.news(), ["token"])

    def test_no_descriptor_left_falls_back_to_timed_looks(self) -> None:
        self.watch.add("before", self.path)  # loads what needs a descriptor to be loaded
        self.watch.close()
        soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
        with contextlib.ExitStack() as spare:
            highest = max(int(fd.name) for fd in Path("/proc/self/fd").iterdir())
            for _ in range(highest):
                highest = spare.enter_context(Path(os.devnull).open()).fileno()
            resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, hard))
            spare.callback(resource.setrlimit, resource.RLIMIT_NOFILE, (soft, hard))
            self.watch.add("token", self.path)
        self.assertIsNone(self.watch.fileno())
        self.assertLess(self.watch.interval(), math.inf)
        self.path.write_text("text")
        self.assertEqual(self.news(), ["token"])
        self.watch.remove("token")
        self.assertEqual(self.watch.interval(), math.inf)

    def test_no_file_is_missed_after_any_change_of_names_on_the_way(self) -> None:
        written = 0
        for seed in range(300):
            rng, top = random.Random(seed), self.top / str(seed)
            path = place(rng, top)
            shuffle(rng, top)
            self.watch.add(seed, path)
            for _ in range(3):
                shuffle(rng, top)
                if rng.random() < 0.5:
                    self.watch.read()
            try:
                path.write_text("text")
            except OSError:
                pass  # the way leads nowhere, or to a directory
            else:
                written += 1
                self.assertEqual(self.watch.read(), [seed], path)
            self.watch.remove(seed)
        self.assertGreater(written, 50)


@unittest.skipUnless(sys.platform == "linux", "file leases are Linux's own")
class Settled(WatchTest):
    def test_file_is_settled_when_its_last_writer_has_closed_it(self) -> None:
        self.assertFalse(is_settled(self.path))
        with self.path.open("w"), self.path.open():
            self.assertFalse(is_settled(self.path))
            with self.path.open("a"):
                self.assertFalse(is_settled(self.path))
        with self.path.open():
            self.assertTrue(is_settled(self.path))


class Choice(unittest.TestCase):
    def test_systems_without_inotify_look_by_themselves(self) -> None:
        with mock.patch.object(sys, "platform", "darwin"):
            self.assertIsInstance(inotify.make_watch(), PollWatch)


if __name__ == "__main__":
    unittest.main()
