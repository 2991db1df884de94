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
from typing import Any, NamedTuple
from unittest import mock

from lib.common import tree_copy
from lib.model.job import Job
from lib.processes.cache_protocol import Answer, CacheRequest
from lib.scheduler.protocol import MISS, NO_KEY, UNUSABLE
from lib.storage.cache import Cache
from lib.storage.cache_key import NoKeyError
from lib.storage.cache_store import Store, _locked
from tests.unit.common.test_tree_copy import ordinary_user

PROGRAM = Path(__file__).parents[2] / "lib" / "storage" / "cache_program.py"


ODD_NAMES = ("", "..", "../content-abcdefgh", "content-a\0", "content-\ud800", "/tmp")


class Ran(NamedTuple):
    """The end of a run of the program, and its answer."""

    code: int
    output: str
    errors: str
    answer: Answer


class CacheTest(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name)
        self.store = self.cwd / "store"
        self.known = ""  # the key that was answered last
        self.warnings = io.StringIO()
        redirect = contextlib.redirect_stderr(self.warnings)
        redirect.__enter__()
        self.addCleanup(redirect.__exit__, None, None, None)

    def cache(self, key: str = "echo k", path: str = "art", max_bytes: int | None = None) -> Cache:
        return Cache(key, path, "store", cwd=self.cwd, max_bytes=max_bytes)

    def ask(self, action: str, cache: Cache, said: str = "", **fields: Any) -> Ran:
        """Have the program do it for a job, as the runner does."""
        job = Job("a", **{"cmd": "true", "cache": cache, **fields})
        env = {**os.environ, **job.env}
        with contextlib.closing(
            CacheRequest(job, env, action, key=self.known, said=said)
        ) as request:
            done = subprocess.run(
                request.command,
                env=request.env,
                cwd=self.cwd,
                pass_fds=[request.handle],
                capture_output=True,
                text=True,
                errors="surrogateescape",
                check=False,
            )
            answer = request.answer()
            self.known = answer.key
        return Ran(done.returncode, done.stdout, done.stderr, answer)

    def write(self, text: str, path: str = "art") -> None:
        (self.cwd / path).write_text(text)

    def read(self, path: str = "art") -> str:
        return (self.cwd / path).read_text()


class Keys(CacheTest):
    def test_key_is_the_output_of_the_command(self) -> None:
        self.assertEqual(self.cache("echo a; echo b").key(), "a\nb")
        self.assertEqual(Cache(["printf", "%s", "x y"], "art", "store", cwd=self.cwd).key(), "x y")

    def test_key_that_is_no_text_is_a_miss_and_a_warning(self) -> None:
        self.write("one")
        self.cache(r"printf '\377'").store()
        self.assertFalse(self.cache(r"printf '\377'").hit())
        self.assertFalse(self.store.exists())
        self.assertIn("no UTF-8", self.warnings.getvalue())

    def test_artifact_at_a_path_that_is_no_text_is_stored_and_restored(self) -> None:
        cache = self.cache(path=os.fsdecode(b"art\xff"))
        for action, code in (("restore", MISS), ("store", 0), ("restore", 0)):
            (self.cwd / os.fsdecode(b"art\xff")).write_text("made")
            ran = self.ask(action, cache)
            self.assertEqual((ran.code, ran.errors, ran.answer), (code, "", Answer("k", "")))

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

    def test_key_command_whose_rest_is_in_a_here_document_gives_no_key(self) -> None:
        cache = self.cache("echo v1; cat <<EOF\n$1\n EOF\ncat src")
        self.assertEqual(cache.key(), "")
        self.assertIn("here-document at line 1 delimited by end-of-file", self.warnings.getvalue())
        self.assertEqual(self.cache("cat <<EOF\nk\nEOF").key(), "k")

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
        before = tree_copy.digest(tree)
        self.cache().store()
        tree_copy.remove(tree)
        self.assertTrue(self.cache().restore())
        self.assertEqual(tree_copy.digest(tree), before)
        self.assertEqual(list(self.cwd.glob(".restored-*")), [])

    def test_restore_replaces_an_existing_artifact(self) -> None:
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
        self.assertIn("changed since it was stored", self.warnings.getvalue())

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
            "import os; from lib.storage.cache import Cache\n"
            "from lib.storage.cache_key import CacheError\n"
            "c = Cache('echo k', 'art', 'store')\n"
            "os.mkdir('gone'); os.chdir('gone'); os.rmdir('../gone')\n"
            "print(c.restore(), c.store(), c.hit())\n"
            "for known in (lambda: c.bring('k'), lambda: c.keep('k'), lambda: c.find('k')):\n"
            "    try:\n        print(known())\n"
            "    except CacheError:\n        print('refused')"
        )
        environment = os.environ | {"PYTHONPATH": str(PROGRAM.parents[2])}
        done = subprocess.run(
            [sys.executable, "-c", code],
            cwd=self.cwd,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
        )
        self.assertEqual(done.stdout, "False None False\n" + "refused\n" * 3, done.stderr)

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

    def test_store_within_the_artifact_is_refused_by_any_path(self) -> None:
        (self.cwd / "art" / "deep").mkdir(parents=True)
        (self.cwd / "way").symlink_to("art")
        (self.cwd / "in").symlink_to("art/deep")
        for store in ("art/store", "way/store", "in/../store"):
            cache = Cache("echo k", "art", store, cwd=self.cwd)
            cache.store()
            self.assertFalse(cache.hit())
            self.assertIn("expected a store outside of it", self.warnings.getvalue())
            self.assertEqual([entry.name for entry in (self.cwd / "art").iterdir()], ["deep"])

    def test_artifact_within_the_store_is_refused(self) -> None:
        (self.store / "content-art").mkdir(parents=True)
        self.write("mine", "store/content-art/file")
        cache = self.cache(path="store/content-art")
        cache.store()
        self.assertFalse(cache.restore())
        self.assertIn("expected a store outside of it", self.warnings.getvalue())
        self.assertEqual(self.read("store/content-art/file"), "mine")

    def test_symlink_in_place_of_the_artifact_is_refused(self) -> None:
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

    def test_symlink_to_a_path_beside_the_artifact_is_refused(self) -> None:
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
        tree_copy.remove(self.cwd / "art")
        self.assertTrue(self.cache().restore())
        found = {name: str((self.cwd / "art" / name).readlink()) for name in links}
        self.assertEqual(found, links)


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


class Work(CacheTest):
    """Only a job that does the same work finds an entry."""

    def test_artifact_of_another_path_is_a_miss(self) -> None:
        self.write("made", "one")
        self.cache(path="one").store()
        self.assertFalse(self.cache(path="two").hit())
        self.assertTrue(self.cache(path="./one").hit())

    def test_two_with_one_key_keep_their_own_files(self) -> None:
        for path in ("js", "py"):
            self.write(path, path)
            self.cache(path=path).store()
        for path in ("js", "py"):
            self.write("", path)
            self.assertTrue(self.cache(path=path).restore())
            self.assertEqual(self.read(path), path)

    def test_another_command_or_variable_is_a_miss(self) -> None:
        self.write("made")
        made = self.cache().made_by("make", {"A": "1", "B": "2"})
        made.store()
        self.assertTrue(self.cache().made_by("make", {"B": "2", "A": "1"}).hit())
        for cmd, env in (
            ("make all", {"A": "1", "B": "2"}),
            (["make"], {"A": "1", "B": "2"}),
            ("make", {"A": "1"}),
            ("make", {"A": "12", "B": ""}),
        ):
            self.assertFalse(self.cache().made_by(cmd, env).hit(), (cmd, env))
        self.assertFalse(self.cache().hit())

    def test_variables_are_not_written_to_the_store(self) -> None:
        self.write("made")
        self.cache().made_by("make", {"A": "not for all to read"}).store()
        for path in self.store.rglob("*.json"):
            self.assertNotIn("not for all", path.read_text())

    def test_entries_of_different_work_are_evicted_each_by_its_own_name(self) -> None:
        self.write("x" * 100)
        for word in "abc":
            self.cache(max_bytes=250).made_by(word).store()
        hits = [self.cache().made_by(word).hit() for word in "abc"]
        self.assertEqual(hits.count(True), 2, hits)
        self.assertEqual(len(list(self.store.glob("*.json"))), 2)


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


class Program(CacheTest):
    def test_miss_then_store_then_restore(self) -> None:
        self.write("x")
        self.assertEqual(self.ask("restore", self.cache()).code, MISS)
        self.assertEqual(self.ask("store", self.cache()).code, 0)
        (self.cwd / "art").unlink()
        self.assertEqual(self.ask("restore", self.cache()).code, 0)
        self.assertEqual(self.read(), "x")

    def test_nothing_is_stored_under_a_key_that_changed_meanwhile(self) -> None:
        self.write("x")
        cache = self.cache("cat input")
        self.write("1", "input")
        self.assertEqual(self.ask("restore", cache).code, MISS)
        self.write("2", "input")
        ran = self.ask("store", cache)
        self.assertEqual((ran.code, self.store.exists()), (1, False))
        self.assertIn("while it ran, its inputs changed", ran.answer.told)

    def test_hit_shows_the_output_of_the_job_that_made_it(self) -> None:
        self.write("x")
        self.ask("restore", self.cache())
        self.ask("store", self.cache(), said="warning: \udcff\x1b[1m\nsecond\n")
        said = self.ask("restore", self.cache()).output
        expected = "restored art from the cache\nits job said when it was made:\nwarning: "
        self.assertTrue(said.startswith(expected), said)
        self.assertTrue(said.endswith("\x1b[1m\nsecond\n"), said)

    def test_log_that_cannot_be_read_costs_no_hit(self) -> None:
        self.write("x")
        self.ask("restore", self.cache())
        self.ask("store", self.cache(), said="warning")
        (log,) = self.store.glob("content-*/log")
        log.unlink()
        os.mkfifo(log)  # a reader would wait for it
        ran = self.ask("restore", self.cache())
        self.assertEqual((ran.code, ran.output), (0, "restored art from the cache\n"))

    def test_why_there_is_no_key_is_answered(self) -> None:
        for command, told in (
            ("echo first >&2; echo last >&2; exit 3", "ended with exit code 3: last"),
            ("exit 1", "ended with exit code 1: it said nothing"),
            ("kill -9 $$", "ended with killed by SIGKILL"),
            ("true", "printed nothing"),
            (r"printf '\377'", "printed something that is no UTF-8"),
            (["no-such-program"], "could not be started: .*no-such-program"),
        ):
            with self.subTest(command):
                cache = Cache(command, "art", "store", cwd=self.cwd)
                ran = self.ask("restore", cache)
                self.assertEqual(ran.code, NO_KEY)
                self.assertRegex(ran.answer.told, f"^no cache key: its key command {told}")
                self.assertEqual(ran.answer.key, "")

    def test_store_that_cannot_be_used_and_entry_that_cannot_be_read_are_told_apart(self) -> None:
        self.write("x")
        self.cache().made_by("true").store()
        (pointer,) = self.store.glob("*.json")
        pointer.write_text("{")
        ran = self.ask("restore", self.cache())
        self.assertEqual((ran.code, ran.answer.key), (MISS, "k"))
        self.assertRegex(ran.answer.told, "its entry could not be read: .*expected an entry's JSON")
        self.assertEqual(self.ask("store", self.cache()).code, 0)
        self.assertEqual(self.ask("restore", self.cache()).code, 0)
        tree_copy.remove(self.store)
        self.store.write_text("no directory")
        ran = self.ask("restore", self.cache())
        self.assertEqual(ran.code, UNUSABLE)
        self.assertIn("Not a directory", ran.answer.told)

    def test_nothing_that_a_job_tells_its_python_reaches_the_program(self) -> None:
        self.write("x")
        modules = self.cwd / "src"
        modules.mkdir()
        names = ("json", "types", "token", "select", "sitecustomize", "usercustomize")
        for name in (*names, "lib", "encodings"):
            (modules / f"{name}.py").write_text(f"raise SystemExit('{name} was imported')\n")
        for variables in (
            {"PYTHONPATH": str(modules)},
            {"PYTHONPATH": "src"},
            {"PYTHONHOME": str(modules)},
            {"PYTHONSTARTUP": str(modules / "json.py"), "PYTHONINSPECT": "1"},
            {"PYTHONSAFEPATH": "1", "PYTHONWARNINGS": "error", "PYTHONDEVMODE": "1"},
            {"PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0", "LC_ALL": "C"},
            {"PYTHONVERBOSE": "3", "PYTHONPROFILEIMPORTTIME": "1"},
            {"LD_PRELOAD": "/no/such/library.so"},
            {"PATH": str(modules), "HOME": "/no/such/home", "TMPDIR": "/no/such/directory"},
        ):
            with self.subTest(variables):
                cache = Cache(["/bin/sh", "-c", "echo k"], "art", "store", cwd=self.cwd)
                codes = [
                    self.ask(action, cache, env=variables)
                    for action in ("restore", "store", "restore")
                ]
                self.assertEqual([ran.code for ran in codes], [MISS, 0, 0], codes)
                self.assertEqual(codes[2].output, "restored art from the cache\n")

    def test_key_command_sees_the_variables_of_its_job(self) -> None:
        cache = self.cache('echo "$MODE $PYTHONPATH"')
        env = {"MODE": "fast", "PYTHONPATH": "src"}
        self.assertEqual(self.ask("restore", cache, env=env).answer.key, "fast src")

    def test_program_that_is_cut_off_has_answered_nothing(self) -> None:
        job = Job("a", "true", cache=self.cache())
        with contextlib.closing(CacheRequest(job, {}, "restore")) as request:
            self.assertEqual(request.answer(), Answer())

    def test_slow_key_is_none(self) -> None:
        with (
            mock.patch("lib.storage.cache_key.KEY_TIMEOUT", 0.05),
            self.assertRaises(NoKeyError) as caught,
        ):
            self.cache("sleep 20").ask(os.environ)
        self.assertIn("took more than 0.05 s", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
