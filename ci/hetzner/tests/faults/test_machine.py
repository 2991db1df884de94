"""Faults of the machine: no space, no rights, no processes, no descriptors, no bash, no clock."""

from __future__ import annotations

import os
import shutil
import unittest
from pathlib import Path

from dsl import Job
from tests.support.commit_stage import JOBS
from tests.support.fault_case import CommitCase, Ended, FaultCase

HETZNER = str(Path(__file__).resolve().parents[2])
# each script gets the state directory as $1 and the command that it has to run after it
FULL = r"""
mkdir -p "$1/runs"; mount -t tmpfs -o size=128k none "$1/runs"; state=$1; shift
"$@"; code=$?
cp -r "$state/runs" "$state/runs-kept"; exit "$code"
"""
READ_ONLY = 'mkdir -p "$1"; mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; shift; exec "$@"'
ALONE = 'shift; exec "$@"'
# in the directory of the run a file is mounted on itself: it can neither be moved nor replaced
COVERED = """
import subprocess, sys
sys.path.insert(0, {hetzner!r})
from lib.run_directories.run_store import RunStore
make = RunStore._make

def covered(store, sha):
    path = make(store, sha)
    cover = path / {cover!r}
    cover.touch()
    subprocess.run(["mount", "--bind", cover, cover], check=True)
    return path

RunStore._make = covered
import pipeline
from lib.common import program_end
program_end.run(lambda _: pipeline.main([]))
"""
# calls of the wall clock see it set back further and further
CLOCK = """
import sys, time
sys.path.insert(0, {hetzner!r})
real, calls = time.time, []

def set_back():
    calls.append(None)
    return real() - 3600 * len(calls)

time.time = set_back
import pipeline
from lib.common import program_end
program_end.run(lambda _: pipeline.main([]))
"""


class Machine(CommitCase):
    def in_mounts(self, script: str) -> list[str]:
        """Return the command that runs another with mounts of its own."""
        # an ordinary user is root in a namespace of users
        namespaces = ["-m"] if os.getuid() == 0 else ["-Urm"]
        return ["unshare", *namespaces, "bash", "-c", script, "bash", str(self.stage.state)]

    def covered(self, name: str) -> Ended:
        """Run the commit; a file of this name is in the directory of its run, and stays there."""
        program = COVERED.format(hetzner=HETZNER, cover=name)
        return self.commit(program=program, through=self.in_mounts(ALONE))

    def is_red(self, ended: Ended, *parts: str) -> None:
        self.assertEqual(ended.code, 1, ended.console)
        self.assertNotIn("Traceback", ended.console)
        for part in parts:
            self.assertRegex(ended.console, part)
        self.nothing_is_left()

    def test_full_disk_of_the_logs_is_red_said_and_leaves_nothing(self) -> None:
        # its leftovers make a line of ci.log that is longer than the rest of a page
        leaks = f"for n in $(seq 60); do (exec -a {'x' * 100} {self.sleep}) & done; sleep 0.1"
        self.body("test_js", f"{leaks}\nhead -c 1M /dev/zero | tr '\\0' x; exit 0")
        ended = self.commit(through=self.in_mounts(FULL))
        no_space = r"the run is red: could not write .*ci\.log: No space left on device"
        self.is_red(ended, "LEAK  test-js left 60", no_space)
        self.assertNotIn("exit code 0", ended.console)
        self.assertEqual(self.status(), "error")
        self.assertIn("No space left on device", self.github.seen[-1]["description"])
        kept = self.stage.state / "runs-kept"
        self.assertEqual(list(kept.glob("*/.*.json.*")), [])
        self.assertNotEqual(list(kept.glob("*/ci.log")), [])
        self.body("test_js", "exit 0")
        self.next_run_is_unaffected()

    def test_summary_that_cannot_be_written_is_red_and_said(self) -> None:
        ended = self.covered("summary.json")
        self.is_red(ended, r"the run is red: could not write .*/summary\.json: Device or resource")
        self.assertEqual(self.status(), "error")
        self.assertIn("END   exit code 1: could not write", ended.log)
        self.next_run_is_unaffected()

    def test_read_only_state_is_red_and_said(self) -> None:
        ended = self.commit(through=self.in_mounts(READ_ONLY))
        self.is_red(ended, "Read-only file system.*: can the state directory be written")
        self.next_run_is_unaffected()

    def test_log_of_the_run_that_cannot_be_written_is_red_and_said(self) -> None:
        ended = self.covered("ci.log")
        self.is_red(ended, "ci.log.*: can the state directory be written")
        self.next_run_is_unaffected()

    def test_log_of_a_job_that_cannot_be_written_fails_it_by_name(self) -> None:
        ended = self.covered("lint-python.log")
        self.is_red(ended, "CAUSE lint-python: could not open its log .*: Device or resource busy")
        self.assertEqual(self.status(), "failure")
        self.next_run_is_unaffected()

    def test_every_limit_of_descriptors_is_red_or_enough(self) -> None:
        codes = set()
        for limit in (8, 12, 16, 20, 24, 28, 32, 48, 64, 256):
            with self.subTest(limit=limit):
                ended = self.commit(through=["prlimit", f"--nofile={limit}:{limit}"])
                codes.add(ended.code)
                self.assertIn(ended.code, (0, 1, 2), ended.console)
                self.assertNotIn("Traceback", ended.console)
                self.assertNotIn("BUG", ended.console)
                self.nothing_is_left()
        self.assertIn(0, codes)
        self.assertGreater(len(codes), 1)
        self.next_run_is_unaffected()

    def test_path_without_bash_fails_each_job_by_name(self) -> None:
        tools = self.stage.root / "tools"
        for name in ("git", "uname", "sh"):
            (tools / name).symlink_to(str(shutil.which(name)))
        ended = self.commit(PATH=str(tools))
        self.check(
            ended, 1, None, "CAUSE lint-python: could not start bash: .*bash was not found on PATH"
        )
        self.assertEqual(self.status(), "failure")
        self.next_run_is_unaffected()

    def test_clock_that_is_set_back_changes_nothing(self) -> None:
        program = CLOCK.format(hetzner=HETZNER)
        ended = self.commit(program=program)
        self.check(ended, 0, None, rf"END   exit code 0: {JOBS} jobs passed in \d+ s")
        ran = [job for job in ended.summary["jobs"] if job["outcome"] == "passed"]
        times = [job[what] for job in ran for what in ("started", "ended")]
        self.assertGreater(len(times), JOBS)
        self.assertTrue(all(0 <= at < 3600 for at in times), times)  # an hour: one call
        self.next_run_is_unaffected()


class Output(FaultCase):
    def test_200_mb_of_two_jobs_at_once(self) -> None:
        size = 200 * 1024 * 1024
        ended = self.run_jobs(
            Job("a", "head -c 200M /dev/zero"),
            Job("b", "head -c 200M /dev/zero | tr '\\0' b; exit 3"),
            log_bytes=size,
        )
        self.check(ended, 1, "a=passed b=failed", "PASS  a", "FAIL  b")
        self.assertEqual([(self.logs / f"{j}.log").stat().st_size for j in "ab"], [size, size])
        self.assertLess(len(ended.console), 5000)
        for name in "ab":
            (self.logs / f"{name}.log").unlink()
        self.next_run_is_unaffected()

    def test_output_that_is_no_text_is_kept_as_it_is_and_shown_as_text(self) -> None:
        output = self.root / "output"
        output.write_bytes(b"\x1b[2J\x1b]0;title\x07\x9b31m\0\xff\xfe\r\n" + bytes(range(256)) * 40)
        ended = self.run_jobs(Job("a", f"cat {output}; exit 3"))
        self.check(ended, 1, "a=failed", "FAIL  a")
        self.assertEqual((self.logs / "a.log").read_bytes(), output.read_bytes())
        shown = ended.console.replace("\n", "").replace("\t", "")
        self.assertTrue(shown.isprintable(), ascii(shown))
        self.next_run_is_unaffected()

    def test_name_of_a_process_is_shown_as_text(self) -> None:
        evil = f"exec -a $'\\e[2J\\nx {self.mark}' sleep {self.mark}"
        ended = self.run_jobs(Job("a", f"({evil}) & sleep 0.05"))
        self.check(ended, 0, "a=passed", "LEAK  a left 1")
        self.assertNotIn("\x1b", ended.console + ended.log)
        self.next_run_is_unaffected()

    def test_10000_tiny_jobs(self) -> None:
        jobs = [Job(f"j{n}", ["true"]) for n in range(10_000)]
        ended = self.run_jobs(*jobs, max_parallel=2 * (os.cpu_count() or 1), timeout=600)
        self.check(ended, 0, " ".join(f"{job.name}=passed" for job in jobs))
        self.next_run_is_unaffected()


if __name__ == "__main__":
    unittest.main()
