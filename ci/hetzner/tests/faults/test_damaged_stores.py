"""Stores that anything has damaged: each command answers, none breaks, none leads elsewhere."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import unittest
from collections.abc import Callable
from pathlib import Path

from tests.support.as_nobody import as_nobody
from tests.support.every_question import answers_all, ask
from tests.support.hostile_files import IN_THE_WAY
from tests.support.stored_runs import NAME, WithStore

GARBAGE = ("", "{", "null", "[]", '"x"', "7", "\0" * 100, "[" * 100_000, '{"jobs": {"a": [[]]}}')
FILES = ("summary.json", "ci.log", "a.log", "kept", ".lock", "versions.txt", "environment.json")
HETZNER = Path(__file__).resolve().parents[2]
# a disk without a free byte, on which one run is old
FULL = """
place=$1; shift; mount -t tmpfs -o size=128k none "$place"
mkdir -p "$place/runs/20200101T000000Z-0123456"
dd if=/dev/zero of="$place/ballast" bs=4k status=none || true
if echo x 2>&- >"$place/x"; then exit 99; fi
"$@"
"""
PLACES = ("runs", "logs", "history.db", "locks", f"runs/{NAME}")


def loop(path: Path) -> None:
    path.symlink_to(path.name)


def zeros(path: Path) -> None:
    path.write_bytes(b"\0" * 9000)


WAYS: dict[str, Callable[[Path], None]] = {
    **IN_THE_WAY,
    "a symlink to itself": loop,
    "a symlink to elsewhere": lambda path: path.symlink_to("/etc"),
    "nothing": lambda _: None,
    "an empty file": Path.touch,
    "a file of zeros": zeros,
}


class Damaged(WithStore):
    def setUp(self) -> None:
        super().setUp()
        self.path = self.make(files={"a.log": "said\n", "kept/a/x.xml": "<x/>"})

    def remove(self, path: Path) -> None:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink(
            missing_ok=True
        )

    def test_anything_in_the_place_of_a_file_of_a_run(self) -> None:
        for name in FILES:
            for kind, make in WAYS.items():
                with self.subTest(name, kind=kind):
                    self.remove(self.path)
                    self.path = self.make(files={"a.log": "said\n"})
                    self.remove(self.path / name)
                    make(self.path / name)
                    text = "".join(answers_all(self, self.store.directory).values())
                    self.assertNotIn("root:", text, "/etc/passwd was read")

    def test_anything_in_the_place_of_a_directory_of_the_store(self) -> None:
        for name in PLACES:
            for kind, make in WAYS.items():
                with self.subTest(name, kind=kind):
                    shutil.rmtree(self.store.directory)
                    self.make()
                    place = self.store.directory / name
                    self.remove(place)
                    make(place)
                    answers_all(self, self.store.directory)

    def test_summary_of_any_content(self) -> None:
        for text in GARBAGE:
            with self.subTest(text[:20]):
                (self.path / "summary.json").write_text(text)
                answers_all(self, self.store.directory)
        for depth in (400, 950, 990, 9990):
            for field in ("selection", "x"):
                with self.subTest(field, depth=depth):
                    deep = f'{{"{field}": {{"a": {"[" * depth}{"]" * depth}}}}}'
                    (self.path / "summary.json").write_text(deep)
                    for question in ("show", "show --json"):
                        self.assertIn(ask(self.store.directory, *question.split())[0], (0, 1))
        (self.path / "summary.json").write_bytes(os.urandom(5000))
        answers_all(self, self.store.directory)

    def test_files_that_no_memory_has_room_for(self) -> None:
        names = ("summary.json", "events.jsonl", "environment.json", "samples.jsonl", "jobs.json")
        for name in (*names, "a.cache.json", "../.index.json"):
            with self.subTest(name):
                path = self.path / name
                path.touch()
                os.truncate(path, 1 << 42)
                answers_all(self, self.store.directory)
                path.unlink()

    def test_store_that_is_empty_missing_or_something_else(self) -> None:
        for kind, make in WAYS.items():
            with self.subTest(kind):
                self.remove(self.store.directory)
                make(self.store.directory)
                answers_all(self, self.store.directory)

    def test_things_that_are_named_like_a_run(self) -> None:
        runs = self.store.directory / "runs"
        for number, make in enumerate(WAYS.values(), 2):
            make(runs / f"{NAME}-{number}")
        (runs / "99999999T999999Z-0123456").mkdir()
        (runs / "r1-2.json").touch()
        answers_all(self, self.store.directory)
        answers_all(self, self.store.directory, NAME)

    def test_run_that_does_not_exist_gets_the_nearest(self) -> None:
        near = f"{NAME[:-1]}9"
        for word in (near, "lats", "x\x1b[2J", "-x", "../../etc", "", "9" * 5000, "\ud800"):
            for command in ("show", "export", "cancel", "logs"):
                words = ["ci", f"--run={word}"] if command == "logs" else ["--", word]
                if not word and command == "cancel":
                    continue
                with self.subTest(command, word=word[:20]):
                    code, text = ask(self.store.directory, command, *words)
                    self.assertIn(code, (1, 2), text)
                    self.assertNotIn("\x1b", text)
                    if word == near:
                        self.assertIn(NAME, text)

    def test_pipeline_without_a_store_says_how_to_get_one(self) -> None:
        for command in ("show", "export", "cancel", "logs ci"):
            code, text = ask(None, *command.split())
            self.assertEqual(code, 2)
            self.assertIn("Pipeline(store=DIR)", text)
        self.assertEqual(ask(None, "status")[0], 0)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_store_of_another_user_is_read_as_far_as_its_rights_allow(self) -> None:
        self.root.chmod(0o755)
        answers_all(self, self.store.directory)
        for closed in (
            "runs",
            f"runs/{NAME}",
            f"runs/{NAME}/summary.json",
            f"runs/{NAME}/ci.log",
            ".",
        ):
            with self.subTest(closed):
                place = self.store.directory / closed
                mode = place.stat().st_mode
                place.chmod(0)
                # a case that is not run raises in its subtests
                as_nobody(self, lambda: answers_all(unittest.TestCase(), self.store.directory))
                place.chmod(mode)

    @unittest.skipUnless(shutil.which("unshare"), "no unshare(1)")
    def test_store_on_a_disk_that_is_only_read(self) -> None:
        script = 'mount --bind "$1" "$1" && mount -o remount,ro,bind "$1" && shift && exec "$@"'
        program = (
            "import sys, pathlib, unittest\n"
            "from tests.support.every_question import answers_all\n"
            "answers_all(unittest.TestCase(), pathlib.Path(sys.argv[1]))\n"
        )
        done = subprocess.run(
            ["unshare", "-Urm", "bash", "-c", script, "bash", str(self.store.directory),
             sys.executable, "-c", program, str(self.store.directory)],
            cwd=HETZNER,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stderr)

    @unittest.skipUnless(os.geteuid() == 0, "only root can become another user")
    def test_clean_up_of_another_user_is_told_whose_business_it_is(self) -> None:
        self.root.chmod(0o755)
        self.assertEqual(ask(self.store.directory, "gc")[0], 0)

        def refused() -> None:
            code, text = ask(self.store.directory, "gc")
            told = (code, "retention.lock of another user" in text, "ci-retention" in text)
            if told != (1, True, True):
                raise AssertionError(text)

        as_nobody(self, refused)

    @unittest.skipUnless(shutil.which("unshare"), "no unshare(1)")
    def test_full_disk_is_cleaned_up(self) -> None:
        done = subprocess.run(
            ["unshare", "-Urm", "bash", "-ec", FULL, "bash", str(self.root), sys.executable,
             str(HETZNER / "pipeline.py"), "gc", "--state-dir", str(self.root)],
            capture_output=True, text=True, timeout=60, check=False,
        )  # fmt: skip
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"-0123456  its run never began\n1 thing removed, ")


if __name__ == "__main__":
    unittest.main()
