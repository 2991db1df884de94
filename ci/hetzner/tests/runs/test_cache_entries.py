"""The rules of the cache, with real files, commands and kills."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import unittest
from pathlib import Path

from lib.common import tree_copy
from lib.storage.cache import Cache
from tests.support.cache_case import PROGRAM, CacheTest

ODD_NAMES = ("", "..", "../content-abcdefgh", "content-a\0", "content-\ud800", "/tmp")


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


if __name__ == "__main__":
    unittest.main()
