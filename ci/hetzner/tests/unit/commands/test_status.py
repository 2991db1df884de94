"""What runs on a machine, told for people and for programs."""

from __future__ import annotations

import argparse
import contextlib
import io
import json
import os
import time
from unittest import mock

from lib.commands import status
from lib.commands.site import Site
from lib.machine import register as machine_register
from lib.machine.live_run import LiveRun
from lib.run_directories import run_contents
from tests.support.stored_runs import NAME, SUMMARY, WithStore

NOW = time.time()


class Status(WithStore):
    def setUp(self) -> None:
        super().setUp()
        self.runs: list[LiveRun] = []
        register = mock.patch.object(machine_register, "live_runs", lambda: self.runs)
        self.enterContext(register)
        self.enterContext(mock.patch("time.time", lambda: NOW))

    def asked(self, *words: str, site: Site | None = None) -> str:
        parser = argparse.ArgumentParser()
        status.arguments(parser)
        with contextlib.redirect_stdout(io.StringIO()) as out:
            self.assertEqual(status.main(parser.parse_args(words), site or self.site), 0)
        return out.getvalue()

    def live(self, **fields: object) -> None:
        path = self.make({**SUMMARY, "exit_code": None})
        clock = time.strftime("[%H:%M:%S]", time.localtime(NOW - 5))
        (path / "ci.log").write_text(f"{clock} START test (attempt 2)\n{clock} READY test\n")
        run = LiveRun("r4-5", 4, "pipeline.py HEAD", str(path), "state", NOW - 65, user=os.getuid())
        self.runs.append(run._replace(**fields))  # type: ignore[arg-type]

    def test_run_is_told_with_its_jobs_its_end_and_what_it_waits_for(self) -> None:
        self.live(expected_end=NOW + 120, waits_for="the lock of /repo, held by pid 7")
        text = self.asked()
        self.assertRegex(text, rf"RUNNING  {NAME}, since \d\d:\d\d:\d\d \(1 min 5 s\)\n")
        self.assertRegex(text, r"expected end: \d\d:\d\d:\d\d \(in 2 min 0 s\)\n")
        self.assertIn("pipeline.py HEAD, pid 4, user ", text)
        self.assertIn("\n  waits for the lock of /repo, held by pid 7\n", text)
        self.assertRegex(text, r"\n  test +5\.0 s  ready, attempt 2\n")

    def test_moments_that_are_none_are_told(self) -> None:
        self.live(since=1e300, expected_end=-1e300)
        self.assertIn("a moment that is none", self.asked())

    def test_expected_end_that_is_over_is_late(self) -> None:
        self.live(expected_end=NOW - 1)
        self.assertIn("(late)", self.asked())

    def test_programs_get_all_of_it(self) -> None:
        self.live(expected_end=NOW + 120)
        fields = json.loads(self.asked("--json"))
        (run,) = fields["runs"]
        self.assertEqual((run["pid"], run["jobs"][0]["name"], run["name"]), (4, "test", NAME))
        self.assertIsNone(fields["last"])
        self.assertGreater(fields["disk"]["total"], 0)

    def test_last_run_is_told_while_nothing_runs(self) -> None:
        self.make()
        self.assertRegex(self.asked(), r"\nstore: 1 run of \d+\.\d kB in /")
        self.assertIn(f"the last run: FAILED  {NAME}: failed in 4 s: test", self.asked())
        self.assertEqual(json.loads(self.asked("--json"))["last"]["state"], "failed")

    def test_last_run_that_is_no_verdict_on_its_commit_says_so(self) -> None:
        self.make({**SUMMARY, "whole": False, "dirty": True})
        self.assertRegex(
            self.asked(), r"the last run: .*, with changes that are not committed, not all jobs or"
        )

    def test_store_that_is_empty_missing_or_none_is_no_error(self) -> None:
        self.assertIn("nothing runs", self.asked())
        (self.store.directory / "runs").mkdir(parents=True)
        self.assertIn("nothing runs", self.asked())
        none = Site(None, [], lambda: [], lambda _: 0)
        self.assertEqual(self.asked(site=none).count("\n"), 1)
        self.assertIsNone(json.loads(self.asked("--json", site=none))["disk"])

    def test_hostile_names_cannot_move_the_terminal(self) -> None:
        bad = "\x1b[2J\n\x07"
        self.live(label=bad, waits_for=bad, log_dir=bad)
        text = self.asked()
        self.assertFalse([c for c in text if not c.isprintable() and c != "\n"])

    def test_directory_of_another_run_that_cannot_be_read_shows_no_jobs(self) -> None:
        for place in ("/nonexistent", "", "/dev", "/x\0y", "relative", "/\ud800"):
            self.live(log_dir=place)
            self.assertEqual(json.loads(self.asked("--json"))["runs"][0]["jobs"], [], place)
            self.runs.clear()
            run_files_of = self.store.directory / "runs" / NAME
            for file in run_contents.all_files(run_files_of):
                (run_files_of / file.path).unlink()
            run_files_of.rmdir()
