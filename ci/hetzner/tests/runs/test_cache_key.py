"""Keys of caches: what they are made from, and which command gives none."""

from __future__ import annotations

import os
import unittest

from lib.processes.cache_protocol import CacheAnswer
from lib.scheduler.protocol import MISS
from lib.storage.cache import Cache
from tests.support.cache_case import CacheTest


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
            self.assertEqual((ran.code, ran.errors, ran.answer), (code, "", CacheAnswer("k", "")))

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


if __name__ == "__main__":
    unittest.main()
