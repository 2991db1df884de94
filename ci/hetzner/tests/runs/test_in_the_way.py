"""Runs whose jobs put pipes, links and directories into the places that the runner opens.

None of them may hold up a run, and nothing is written to where a link leads.
"""

from __future__ import annotations

import os
from pathlib import Path
from unittest import mock

from dsl import Cache, Job
from lib.common import files, tree_copy
from lib.storage.cache_store import CorruptError, Store
from tests.support.hostile_files import COMMANDS, IN_THE_WAY
from tests.support.run_case import RunTest

RUNNERS_OWN = ("ci.log", "a.log", "a.log.1")


class InTheWay(RunTest):
    def store(self, number: int) -> Cache:
        """Return a cache: the log of its job is opened to restore, to run and to store."""
        place = self.cwd.parent / f"{self.cwd.name}-store"
        self.addCleanup(tree_copy.remove, place)
        return Cache(f"echo {number}", f"out{number}", place, cwd=self.cwd)

    def test_log_that_its_job_replaces_does_not_block_and_is_reported(self) -> None:
        for number, (kind, make) in enumerate(COMMANDS.items()):
            with self.subTest(kind=kind):
                body = f"mkdir out{number}; rm logs/a.log; {make.format('logs/a.log')}"
                job = Job("a", body, cache=self.store(number), timeout=20)
                self.assertEqual(self.run_jobs(job), (0, "a=passed"))
                told = f"NOTE  a: in the place of its log was {kind}: the rest is in a new one"
                self.assertIn(told, self.log("ci"))
                self.assertEqual(files.another_kind(self.logs / "a.log"), "")
                self.assertFalse((self.logs / "nowhere").exists())

    def test_log_is_not_written_to_a_file_that_a_job_has_put_there(self) -> None:
        (self.cwd / "source").write_text("precious")
        for number, put in enumerate(("ln source logs/a.log", "cp source logs/a.log")):
            body = f"mkdir out{number}; rm logs/a.log; {put}"
            job = Job("a", body, cache=self.store(number))
            self.assertEqual(self.run_jobs(job), (0, "a=passed"))
            self.assertIn("NOTE  a: in the place of its log was another file", self.log("ci"))
        self.assertEqual((self.cwd / "source").read_text(), "precious")

    def test_log_of_a_job_that_has_yet_to_start_is_begun_all_the_same(self) -> None:
        for kind, make in COMMANDS.items():
            with self.subTest(kind=kind):
                jobs = Job("z", make.format("logs/a.log")), Job("a", "echo said", ["z"])
                self.assertEqual(self.run_jobs(*jobs), (0, "z=passed a=passed"))
                self.assertEqual(self.log("a"), "said\n")
                self.assertFalse((self.logs / "nowhere").exists())
                tree_copy.remove(self.logs)

    def test_leftovers_of_an_earlier_run_are_set_aside(self) -> None:
        for name in RUNNERS_OWN:
            for kind, make in IN_THE_WAY.items():
                with self.subTest(name=name, kind=kind):
                    self.logs.mkdir()
                    if name.endswith(".1"):
                        (self.logs / name.removesuffix(".1")).write_text("of an earlier run")
                    make(self.logs / name)
                    self.assertEqual(self.run_jobs(Job("a", "echo said")), (0, "a=passed"))
                    self.assertEqual(self.log("a"), "said\n")
                    self.assertIn("PASS  a", self.log("ci"))
                    self.assertFalse((self.logs / "nowhere").exists())
                    tree_copy.remove(self.logs)


class InAStore(RunTest):
    """Runners read and sweep stores in their own process, such as that of the wheels."""

    def test_entry_that_is_no_file_is_a_broken_one_and_keeps_none_from_being_stored(
        self,
    ) -> None:
        (self.cwd / "artifact").write_text("text")
        store = Store(self.cwd / "store")
        for kind, make in IN_THE_WAY.items():
            with self.subTest(kind=kind):
                store.put("other", self.cwd / "artifact", None)
                (entry,) = (self.cwd / "store").glob("*.json")
                entry.unlink()
                make(entry)
                with self.assertRaisesRegex(CorruptError, f"found .*{kind}"):
                    store.find("other")
                store.put("key", self.cwd / "artifact", None)
                self.assertIsNotNone(store.find("key"))
                tree_copy.remove(self.cwd / "store")

    def test_file_that_becomes_a_pipe_while_it_is_copied_does_not_block(self) -> None:
        for act in (tree_copy.digest, lambda path: tree_copy.copy(path, self.cwd / "copy")):
            path = self.cwd / "file"
            path.write_text("text")
            seen = path.lstat()
            path.unlink()
            os.mkfifo(path)
            with mock.patch.object(Path, "lstat", return_value=seen):
                self.assertRaises(files.NotAFileError, act, path)
            path.unlink()
