"""The program that asks and fills caches for the runner."""

from __future__ import annotations

import contextlib
import os
import unittest
from unittest import mock

from lib.common import tree_copy
from lib.model.job import Job
from lib.processes.cache_protocol import CacheAnswer, CacheRequest
from lib.scheduler.protocol import MISS, NO_KEY, UNUSABLE
from lib.storage.cache import Cache
from lib.storage.cache_key import NoKeyError
from tests.support.cache_case import CacheTest


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
        self.assertIn("while it ran, its inputs changed", ran.answer.note)

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
                self.assertRegex(ran.answer.note, f"^no cache key: its key command {told}")
                self.assertEqual(ran.answer.key, "")

    def test_store_that_cannot_be_used_and_entry_that_cannot_be_read_are_told_apart(self) -> None:
        self.write("x")
        self.cache().made_by("true").store()
        (pointer,) = self.store.glob("*.json")
        pointer.write_text("{")
        ran = self.ask("restore", self.cache())
        self.assertEqual((ran.code, ran.answer.key), (MISS, "k"))
        self.assertRegex(ran.answer.note, "its entry could not be read: .*expected an entry's JSON")
        self.assertEqual(self.ask("store", self.cache()).code, 0)
        self.assertEqual(self.ask("restore", self.cache()).code, 0)
        tree_copy.remove(self.store)
        self.store.write_text("no directory")
        ran = self.ask("restore", self.cache())
        self.assertEqual(ran.code, UNUSABLE)
        self.assertIn("Not a directory", ran.answer.note)

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
            self.assertEqual(request.answer(), CacheAnswer())

    def test_slow_key_is_none(self) -> None:
        with (
            mock.patch("lib.storage.cache_key.KEY_TIMEOUT", 0.05),
            self.assertRaises(NoKeyError) as caught,
        ):
            self.cache("sleep 20").ask(os.environ)
        self.assertIn("took more than 0.05 s", str(caught.exception))


if __name__ == "__main__":
    unittest.main()
