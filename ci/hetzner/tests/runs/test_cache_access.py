"""Caches that several use: at once, as other users, within a bound."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
import unittest

from lib.common import tree_copy
from lib.storage.cache import Cache
from lib.storage.cache_store import Store, _locked
from tests.support.cache_case import PROGRAM, CacheTest
from tests.unit.common.test_tree_copy import ordinary_user


class Bound(CacheTest):
    def test_least_recently_used_goes_first(self) -> None:
        self.write("x" * 100)
        for moment, key in enumerate(("a", "b", "c")):
            self.cache(f"echo {key}", max_bytes=250).store()
            for pointer in self.store.glob("*.json"):
                if json.loads(pointer.read_text())["key"] == key:
                    os.utime(pointer, (moment, moment))
            if key == "b":
                self.assertTrue(self.cache("echo a").restore())  # used now: b is the oldest
        self.assertEqual([self.cache(f"echo {k}").hit() for k in "abc"], [True, False, True])

    def test_entry_that_is_being_read_is_not_evicted(self) -> None:
        self.write("x" * 100)
        self.cache("echo a").store()
        content = next(self.store.glob("content-*"))
        import fcntl

        with _locked(content, fcntl.LOCK_SH):
            self.cache("echo b", max_bytes=150).store()
            self.assertTrue(self.cache("echo a").hit())
        Store(self.store).tidy(150)
        self.assertEqual([self.cache(f"echo {k}").hit() for k in "ab"], [False, True])

    def test_too_large_for_the_bound_is_not_stored(self) -> None:
        self.write("x" * 100)
        self.cache(max_bytes=50).store()
        self.assertFalse(self.cache().hit())
        self.assertEqual(list(self.store.glob("content-*")), [])

    def test_files_of_a_dead_writer_are_swept(self) -> None:
        debris = self.store / "content-deadbeef"
        (debris / "artifact").mkdir(parents=True)
        (debris / ".entry.json.0123456789abcdef").touch()
        (self.store / "content-12345678").mkdir()
        self.write("x")
        self.cache().store()
        self.assertEqual(len(list(self.store.iterdir())), 2)

    def test_files_that_no_writer_made_are_not_swept(self) -> None:
        others = [self.store / name for name in ("content-others", "content-security")]
        for other in others:
            other.mkdir(parents=True)
            (other / "file").touch()
        (self.cwd / "else" / "artifact").mkdir(parents=True)
        (self.store / "content-linkedto").symlink_to("../else")
        self.write("x")
        self.cache().store()
        self.assertTrue(self.cache().hit())
        for other in (*others, self.store / "content-linkedto"):
            self.assertTrue(other.exists(), other)


class Concurrency(CacheTest):
    def test_readers_and_writers_never_see_a_mixture(self) -> None:
        (self.cwd / "art").mkdir()
        for name in "abcdef":
            self.write("0" * 1000, f"art/{name}")
        self.cache().store()
        stop = threading.Event()

        def write(mark: str) -> None:
            source = self.cwd / f"source{mark}"
            (source / "art").mkdir(parents=True)
            for name in "abcdef":
                (source / "art" / name).write_text(mark * 1000)
            while not stop.is_set():
                Cache("echo k", "art", self.store, cwd=source).store()

        writers = [threading.Thread(target=write, args=(mark,)) for mark in "12"]
        for writer in writers:
            writer.start()
        try:
            restored = 0
            for _ in range(40):
                if self.cache().restore():
                    restored += 1
                    found = {self.read(f"art/{name}") for name in "abcdef"}
                    self.assertEqual(len(found), 1)
        finally:
            stop.set()
            for writer in writers:
                writer.join()
        self.assertGreater(restored, 0)

    def test_a_kill_at_any_moment_leaves_the_old_entry_or_the_new_one(self) -> None:
        (self.cwd / "art").mkdir()
        for number in range(60):
            self.write("old", f"art/{number}")
        self.cache().store()
        for number in range(60):
            self.write("new", f"art/{number}")
        call = f"Cache('echo k', 'art', 'store', cwd={str(self.cwd)!r}).store()"
        code = f"from lib.storage.cache import Cache; {call}"
        for step in range(12):
            process = subprocess.Popen([sys.executable, "-c", code], cwd=PROGRAM.parent.parent)
            time.sleep(0.02 + step * 0.008)
            process.send_signal(signal.SIGKILL)
            process.wait()
            target = Cache("echo k", "art", self.store, cwd=self.cwd / "back")
            reader = Cache.from_json(target.to_json())
            self.assertTrue(reader.bring("k"))
            found = {path.read_text() for path in (self.cwd / "back" / "art").iterdir()}
            self.assertEqual(len(found), 1)
        self.cache().store()
        self.assertEqual(len(list(self.store.iterdir())), 2)


class Others(CacheTest):
    """A store may be another's."""

    def test_store_that_others_may_read_is_readable_to_its_last_file(self) -> None:
        self.write("made")
        before = os.umask(0o022)
        try:
            self.cache().store()
        finally:
            os.umask(before)
        for path in (self.store, *self.store.iterdir()):
            self.assertEqual(path.stat().st_mode & 0o055, 0o055 if path.is_dir() else 0o044, path)

    def test_store_of_another_user_hits_and_is_left_as_it_is(self) -> None:
        if os.geteuid():
            self.skipTest("needs root, to be two users")
        self.write("made")
        self.cache().store()
        self.cwd.chmod(0o777)
        before = {path: path.stat().st_mtime_ns for path in self.store.rglob("*")}
        with ordinary_user():
            self.assertTrue(self.cache().restore())
            self.cache("echo other").store()
        self.assertIn("could not be stored", self.warnings.getvalue())
        self.assertEqual({p: p.stat().st_mtime_ns for p in self.store.rglob("*")}, before)

    def test_read_only_artifact_is_restored_over_another_and_into_an_empty_place(
        self,
    ) -> None:
        self.cwd.chmod(0o777)
        with ordinary_user():
            top = self.cwd / "place" / "top"
            (top / "deep").mkdir(parents=True)
            (top / "deep" / "file").touch(0o444)
            for path in (top / "deep", top, top.parent):
                path.chmod(0o555)
            cache = self.cache(path="place/top")
            cache.store()
            self.assertTrue(cache.restore(), self.warnings.getvalue())
            top.parent.chmod(0o755)
            tree_copy.remove(top)
            top.parent.chmod(0o555)
            self.assertTrue(cache.restore(), self.warnings.getvalue())
            self.assertEqual(oct(top.parent.stat().st_mode & 0o777), "0o555")
            self.assertEqual(list(top.parent.iterdir()), [top])
            tree_copy.open_up(self.cwd / "place")

    def test_sparse_file_takes_no_room(self) -> None:
        with (self.cwd / "art").open("wb") as file:
            file.truncate(64 * 1024 * 1024)
        if (self.cwd / "art").stat().st_blocks:
            self.skipTest("this file system knows no holes")
        cache = self.cache(max_bytes=1024 * 1024)
        cache.store()
        self.assertTrue(cache.restore(), self.warnings.getvalue())
        copies = [self.cwd / "art", *self.store.glob("content-*/artifact")]
        self.assertEqual([copy.stat().st_size for copy in copies], [64 * 1024 * 1024] * 2)
        self.assertLess(sum(copy.stat().st_blocks for copy in copies) * 512, 1024 * 1024)


if __name__ == "__main__":
    unittest.main()
