"""The rules of the cache, with real files, commands and kills."""

from __future__ import annotations

import contextlib
import io
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unittest
from pathlib import Path

from lib import treecopy
from lib.cache import MISS, Cache
from lib.cachestore import Store, _locked

PROGRAM = Path(__file__).parent.parent / "lib" / "cache.py"


ODD_NAMES = ("", "..", "../content-abcdefgh", "content-a\0", "content-\ud800", "/tmp")


class CacheTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name)
        self.store = self.cwd / "store"
        self.warnings = io.StringIO()
        redirect = contextlib.redirect_stderr(self.warnings)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)

    def cache(self, key: str = "echo k", path: str = "art", max_bytes: int | None = None) -> Cache:
        return Cache(key, path, "store", cwd=self.cwd, max_bytes=max_bytes)

    def write(self, text: str, path: str = "art") -> None:
        (self.cwd / path).write_text(text)

    def read(self, path: str = "art") -> str:
        return (self.cwd / path).read_text()


class Keys(CacheTest):
    def test_key_is_what_the_command_prints(self) -> None:
        self.assertEqual(self.cache("echo a; echo b").key(), "a\nb")
        self.assertEqual(Cache(["printf", "%s", "x y"], "art", "store", cwd=self.cwd).key(), "x y")

    def test_key_that_is_no_text_is_a_miss_and_a_warning(self) -> None:
        self.write("one")
        self.cache(r"printf '\377'").store()
        self.assertFalse(self.cache(r"printf '\377'").hit())
        self.assertFalse(self.store.exists())
        self.assertIn("no UTF-8", self.warnings.getvalue())

    def test_what_is_in_a_path_that_is_no_text_is_kept_and_restored(self) -> None:
        cache = self.cache(path=os.fsdecode(b"art\xff"))
        key = str(self.cwd / "key")
        for action, code in (("restore", MISS), ("store", 0), ("restore", 0)):
            (self.cwd / os.fsdecode(b"art\xff")).write_text("made")
            argv = [sys.executable, str(PROGRAM), action, "--key-file", key, cache.to_json()]
            done = subprocess.run(argv, capture_output=True, check=False)
            self.assertEqual((done.returncode, done.stderr), (code, b""))

    def test_failed_or_empty_key_is_a_miss_and_a_warning_and_never_touches_the_store(self) -> None:
        self.write("precious")
        self.cache().store()
        before = sorted(self.store.rglob("*"))
        for command in ("exit 3", "echo k; exit 3", "true", "echo '  '", "nonexistent-command"):
            bad = self.cache(command)
            self.assertFalse(bad.hit())
            self.assertFalse(bad.restore())
            bad.store()
            self.assertEqual(sorted(self.store.rglob("*")), before, command)
        self.assertIn("key command", self.warnings.getvalue())
        self.assertTrue(self.cache().hit())

    def test_no_key_reaches_the_file_system(self) -> None:
        self.write("x")
        outside = sorted(p for p in self.cwd.iterdir() if p != self.store)
        for key in ("../../evil", "/etc/evil", "..", ".", "-rf", "a" * 5000, "*", "$(x)", "ü\n\\0"):
            cache = Cache(["printf", "%s", key], "art", "store", cwd=self.cwd)
            cache.store()
            self.assertTrue(cache.restore(), key)
        self.assertEqual(sorted(p for p in self.cwd.iterdir() if p != self.store), outside)
        for path in self.store.iterdir():
            self.assertRegex(path.name, r"\A([0-9a-f]{64}\.json|content-\w+)\Z")

    def test_missing_working_directory_is_a_miss(self) -> None:
        self.assertEqual(Cache("echo k", "art", "store", cwd=self.cwd / "none").key(), "")


class Entries(CacheTest):
    def test_tree_comes_back_as_it_was(self) -> None:
        tree = self.cwd / "art"
        (tree / "empty").mkdir(parents=True)
        (tree / "bin").write_text("#!/bin/sh")
        (tree / "bin").chmod(0o751)
        (tree / "link").symlink_to("nowhere/at/all")
        (tree / "sub").mkdir(mode=0o700)
        (tree / "sub" / "ü b").write_bytes(b"\0\xff")
        before = treecopy.digest(tree)
        self.cache().store()
        treecopy.remove(tree)
        self.assertTrue(self.cache().restore())
        self.assertEqual(treecopy.digest(tree), before)
        self.assertEqual(list(self.cwd.glob(".restored-*")), [])

    def test_restore_replaces_what_is_there(self) -> None:
        self.write("stored")
        self.cache().store()
        (self.cwd / "art").unlink()
        (self.cwd / "art").mkdir()
        self.write("stale", "art/leftover")
        self.assertTrue(self.cache().restore())
        self.assertEqual(self.read(), "stored")

    def test_store_replaces_the_entry(self) -> None:
        for text in ("one", "two"):
            self.write(text)
            self.cache().store()
        self.write("three")
        self.assertTrue(self.cache().restore())
        self.assertEqual(self.read(), "two")
        self.assertEqual(len(list(self.store.glob("content-*"))), 1)

    def test_copies_are_never_hard_links(self) -> None:
        self.write("stored")
        self.cache().store()
        with (self.cwd / "art").open("a") as file:
            file.write(" and changed in place")
        self.assertTrue(self.cache().restore())
        self.assertEqual(self.read(), "stored")
        self.assertEqual((self.cwd / "art").stat().st_nlink, 1)

    def test_entry_that_makes_no_sense_is_a_miss_and_a_warning_and_never_an_exception(self) -> None:
        self.write("x")
        self.cache().store()
        (pointer,) = self.store.glob("*.json")
        odd = b'{"key": "k", "content": null, "digest": "", "size": 1}'
        fields = {"key": "k", "digest": "", "size": 1}
        names = [json.dumps(fields | {"content": name}).encode() for name in ODD_NAMES]
        deep = b"[" * 100_000
        for content in (b"\xff", b"[]", b"{}", odd, deep, *names):
            pointer.write_bytes(content)
            self.assertFalse(self.cache().hit())
            self.assertFalse(self.cache().restore())
            self.cache("echo other").store()
            self.assertTrue(self.cache("echo other").restore())
        self.assertIn("expected an entry's JSON", self.warnings.getvalue())

    def test_corrupt_content_is_a_miss_and_a_warning_and_the_old_artifact_stays(self) -> None:
        self.write("stored")
        self.cache().store()
        next(self.store.glob("content-*/artifact")).write_text("st0red")
        self.write("mine")
        self.assertFalse(self.cache().restore())
        self.assertEqual(self.read(), "mine")
        self.assertIn("not what was stored", self.warnings.getvalue())

    def test_broken_pointer_is_a_miss_and_can_be_stored_over(self) -> None:
        self.write("stored")
        self.cache().store()
        next(self.store.glob("*.json")).write_text("{")
        self.assertFalse(self.cache().hit())
        self.cache().store()
        self.assertTrue(self.cache().hit())

    def test_missing_artifact_is_a_warning_and_keeps_the_entry(self) -> None:
        self.write("stored")
        self.cache().store()
        (self.cwd / "art").unlink()
        self.cache().store()
        self.assertIn("could not be stored", self.warnings.getvalue())
        self.assertTrue(self.cache().restore())
        self.assertEqual(self.read(), "stored")

    def test_fifo_cannot_be_stored_and_leaves_no_debris(self) -> None:
        (self.cwd / "art").mkdir()
        os.mkfifo(self.cwd / "art" / "pipe")
        self.cache().store()
        self.assertFalse(self.cache().hit())
        self.assertEqual(list(self.store.iterdir()), [])

    def test_store_that_cannot_be_made_is_a_warning(self) -> None:
        self.write("x")
        (self.cwd / "file").write_text("no directory")
        cache = Cache("echo k", "art", "file/store", cwd=self.cwd)
        cache.store()
        self.assertFalse(cache.hit())
        self.assertIn("could not be stored", self.warnings.getvalue())

    def test_loop_of_symlinks_is_a_miss_and_a_warning_and_never_an_exception(self) -> None:
        (self.cwd / "loop").symlink_to("loop")
        self.write("x")
        for artifact, store in (("loop", "store"), ("loop/art", "store"), ("art", "loop")):
            for name in (artifact, f"{artifact}/.."):
                with self.subTest(artifact=name, store=store):
                    cache = Cache("echo k", name, store, cwd=self.cwd)
                    cache.store()
                    self.assertFalse(cache.hit())
                    self.assertFalse(cache.restore())
                    self.assertIn(f"cache of {name}: ", self.warnings.getvalue())

    def test_working_directory_that_is_gone_is_a_miss_with_a_known_key_too(self) -> None:
        self.write("x")
        self.cache().store()
        code = (
            "import os; from lib.cache import Cache; c = Cache('echo k', 'art', 'store')\n"
            "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
            "print(c.restore_key('k'), c.store_key('k'), c.hit())"
        )
        environment = os.environ | {"PYTHONPATH": str(PROGRAM.parent.parent)}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stdout, "False False False\n", done.stderr)

    def test_path_that_no_file_can_have_is_refused_when_it_is_declared(self) -> None:
        for path in ("a\0", "\ud800"):
            for fields in ({"artifact_path": path}, {"store_dir": path}, {"cwd": path}):
                given: dict[str, str] = {"artifact_path": "a", "store_dir": "s", **fields}
                with self.subTest(**fields), self.assertRaisesRegex(ValueError, "expected a path"):
                    Cache("echo k", **given)  # type: ignore[arg-type]

    def test_way_up_from_a_symlink_is_the_one_that_the_job_takes(self) -> None:
        (self.cwd / "real" / "sub").mkdir(parents=True)
        (self.cwd / "link").symlink_to("real/sub")
        self.write("made", "real/art")
        self.write("another")
        cache = self.cache(path="link/../art")
        cache.store()
        self.write("", "real/art")
        self.assertTrue(cache.restore())
        self.assertEqual((self.read("real/art"), self.read()), ("made", "another"))

    def test_artifact_may_be_named_by_the_way_up_to_it(self) -> None:
        (self.cwd / "art" / "sub").mkdir(parents=True)
        self.write("made", "art/file")
        cache = self.cache(path="art/sub/..")
        cache.store()
        self.write("", "art/file")
        self.assertTrue(cache.restore())
        self.assertEqual(self.read("art/file"), "made")

    def test_store_within_the_artifact_is_refused_whatever_way_leads_there(self) -> None:
        (self.cwd / "art" / "deep").mkdir(parents=True)
        (self.cwd / "way").symlink_to("art")
        (self.cwd / "in").symlink_to("art/deep")
        for store in ("art/store", "way/store", "in/../store"):
            cache = Cache("echo k", "art", store, cwd=self.cwd)
            cache.store()
            self.assertFalse(cache.hit())
            self.assertIn("expected a store outside of it", self.warnings.getvalue())
            self.assertEqual([entry.name for entry in (self.cwd / "art").iterdir()], ["deep"])

    def test_store_is_refused_what_is_in_it(self) -> None:
        (self.store / "content-art").mkdir(parents=True)
        self.write("mine", "store/content-art/file")
        cache = self.cache(path="store/content-art")
        cache.store()
        self.assertFalse(cache.restore())
        self.assertIn("expected a store outside of it", self.warnings.getvalue())
        self.assertEqual(self.read("store/content-art/file"), "mine")

    def test_symlink_in_place_of_the_artifact_is_not_what_was_made_and_is_refused(self) -> None:
        (self.cwd / "real").mkdir()
        self.write("one", "real/app")
        self.cache(path="real").store()
        for target in ("real", "nowhere", "art"):
            with self.subTest(target):
                (self.cwd / "art").symlink_to(target)
                self.cache().store()
                self.assertFalse(self.cache().restore())
                self.assertIn("found a symlink", self.warnings.getvalue())
                self.assertEqual((self.cwd / "art").readlink(), Path(target))
                (self.cwd / "art").unlink()

    def test_way_to_the_artifact_may_lead_through_symlinks(self) -> None:
        (self.cwd / "real").mkdir()
        (self.cwd / "way").symlink_to("real")
        self.write("one", "real/art")
        cache = self.cache(path="way/art")
        cache.store()
        self.write("two", "real/art")
        self.assertTrue(cache.restore())
        self.assertEqual(self.read("real/art"), "one")

    def test_symlink_to_what_is_made_beside_the_artifact_is_refused(self) -> None:
        (self.cwd / "art" / "sub").mkdir(parents=True)
        (self.cwd / "way").symlink_to(".")
        for target in ("../../real/app", self.cwd / "real" / "app", "../../way/real"):
            with self.subTest(target):
                (self.cwd / "art" / "sub" / "app").symlink_to(target)
                self.cache().store()
                self.assertFalse(self.cache().hit())
                self.assertIn("art/sub/app leads out of it", self.warnings.getvalue())
                (self.cwd / "art" / "sub" / "app").unlink()

    def test_symlinks_within_the_artifact_and_out_of_the_working_directory_are_kept(self) -> None:
        (self.cwd / "art" / "sub").mkdir(parents=True)
        links = {"within": "sub/../other", "loop": "loop", "python": "/usr/bin/env"}
        for name, target in links.items():
            (self.cwd / "art" / name).symlink_to(target)
        self.cache().store()
        self.assertEqual(self.warnings.getvalue(), "")
        treecopy.remove(self.cwd / "art")
        self.assertTrue(self.cache().restore())
        found = {name: str((self.cwd / "art" / name).readlink()) for name in links}
        self.assertEqual(found, links)


class Bound(CacheTest):
    def test_least_recently_used_goes_first(self) -> None:
        self.write("x" * 100)
        for moment, key in enumerate(("a", "b", "c")):
            self.cache(f"echo {key}", max_bytes=250).store()
            for pointer in self.store.glob("*.json"):
                if f'"{key}"' in pointer.read_text():
                    os.utime(pointer, (moment, moment))
            if key == "b":
                self.assertTrue(self.cache("echo a").restore())  # used now: b is the oldest
        self.assertEqual([self.cache(f"echo {k}").hit() for k in "abc"], [True, False, True])

    def test_what_is_being_read_is_not_evicted(self) -> None:
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

    def test_what_a_dead_writer_left_is_swept(self) -> None:
        debris = self.store / "content-deadbeef"
        (debris / "artifact").mkdir(parents=True)
        (debris / ".entry.json.0123456789abcdef").touch()
        (self.store / "content-12345678").mkdir()
        self.write("x")
        self.cache().store()
        self.assertEqual(len(list(self.store.iterdir())), 2)

    def test_what_no_writer_made_is_not_swept(self) -> None:
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
            source.mkdir()
            for name in "abcdef":
                (source / name).write_text(mark * 1000)
            while not stop.is_set():
                Cache("echo k", source, "store", cwd=self.cwd).store()

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
        code = f"from lib.cache import Cache; {call}"
        for step in range(12):
            process = subprocess.Popen([sys.executable, "-c", code], cwd=PROGRAM.parent.parent)
            time.sleep(0.02 + step * 0.008)
            process.send_signal(signal.SIGKILL)
            process.wait()
            target = Cache("echo k", "back", "store", cwd=self.cwd)
            reader = Cache.from_json(target.to_json())
            self.assertTrue(reader.restore_key("k"))
            found = {path.read_text() for path in (self.cwd / "back").iterdir()}
            self.assertEqual(len(found), 1)
        self.cache().store()
        self.assertEqual(len(list(self.store.iterdir())), 2)


class Program(CacheTest):
    def run_program(self, action: str, cache: Cache) -> int:
        command = [sys.executable, str(PROGRAM), action, "--key-file", str(self.cwd / "key")]
        done = subprocess.run([*command, cache.to_json()], capture_output=True, check=False)
        return done.returncode

    def test_miss_then_store_then_restore(self) -> None:
        self.write("x")
        self.assertEqual(self.run_program("restore", self.cache()), MISS)
        self.assertEqual(self.run_program("store", self.cache()), 0)
        (self.cwd / "art").unlink()
        self.assertEqual(self.run_program("restore", self.cache()), 0)
        self.assertEqual(self.read(), "x")

    def test_nothing_is_stored_under_a_key_that_changed_meanwhile(self) -> None:
        self.write("x")
        cache = self.cache("cat input")
        self.write("1", "input")
        self.assertEqual(self.run_program("restore", cache), MISS)
        self.write("2", "input")
        self.assertEqual(self.run_program("store", cache), 0)
        self.assertFalse(cache.hit())


if __name__ == "__main__":
    unittest.main()
