"""SIGKILL of the runner at random instants, for test_kill.py: the next run finds and mends.

`CI_FAULT_REPEAT` scales the number of instants; they are seeded, so a run can be had again.
"""

from __future__ import annotations

import contextlib
import json
import os
import random
import sqlite3
import subprocess
import sys
import time
import unittest
from pathlib import Path

from lib.common import tree_copy
from lib.github.outbox import CUT_OFF
from tests.support.commit_stage import HETZNER, JOBS
from tests.support.every_question import answers_all
from tests.support.fault_case import REPEAT, CommitCase

INSTANTS = max(6, 2 * REPEAT)


class AtRandomInstants(CommitCase):
    repeats = 1  # its instants are as many

    def test_orphans_are_stopped_stores_are_whole_and_the_status_is_told(self) -> None:
        began = time.monotonic()
        self.next_run_is_unaffected()
        whole = time.monotonic() - began
        draw = random.Random(INSTANTS)
        for turn in range(INSTANTS):
            instant = draw.uniform(0, whole)
            with self.subTest(turn=turn, instant=f"{instant:.3f} of {whole:.3f} s"):
                self.change_sources(f"{turn}\n")
                self.kill_at(instant)
                if turn % 2:
                    self.clean_up()
                    self.assertEqual(self.living(), [])
                self.stores_are_whole()
                self.next_run_tells_and_passes()

    def kill_at(self, instant: float) -> None:
        self.github.seen.clear()
        with self.stage.start(CI_JOB_STATUSES="") as process:
            time.sleep(instant)
            process.kill()
            # jobs write to their logs, so the end of the output is the end of the runner
            process.communicate(timeout=60)

    def clean_up(self) -> None:
        done = subprocess.run(
            [sys.executable, str(HETZNER / "lib" / "cleanup.py"), "processes"],
            cwd=self.root,
            env=self.stage.environment(),
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        self.assertEqual((done.returncode, done.stderr), (0, ""))

    def stores_are_whole(self) -> None:
        for store in ("cache/js", "wheels"):
            for pointer in (self.stage.state / store).glob("*.json"):
                entry = json.loads(pointer.read_text())
                content = pointer.parent / entry["content"] / "artifact"
                self.assertEqual(tree_copy.digest(content), entry["digest"], pointer)
        answers_all(self, self.stage.state)
        past = self.stage.state / "history.db"
        with contextlib.closing(sqlite3.connect(past)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchone(), ("ok",))

    def next_run_tells_and_passes(self) -> None:
        pending = [body["state"] for body in self.github.seen] == ["pending"]
        records = list((self.stage.state / "outbox").glob("*.json"))
        told = [status[0] for path in records for status in json.loads(path.read_text())["left"]]
        self.github.seen.clear()
        ended = self.commit()
        self.reap()
        self.check(ended, 0, None, f"END   exit code 0: {JOBS} jobs passed")
        states = [body["state"] for body in self.github.seen]
        self.assertEqual(states, [*told, "pending", "success"])
        self.assertTrue(told or not pending, "a pending status that no run knows of")
        self.assertEqual(list((self.stage.state / "outbox").iterdir()), [])
        half_written = list(self.stage.state.rglob(".*.writing"))
        self.assertEqual(half_written, [])
        dist = ended.logs / "build-js.log"
        self.assertNotIn("changed since it was stored", dist.read_text())


class AfterAKill(CommitCase):
    def test_process_that_is_gone_holds_no_lock(self) -> None:
        started = self.root / "started"
        with self.stage.start(STAGE_SLEEP="test_js", STAGE_STARTED=str(started)) as process:
            self.wait_until(started.exists, str(started))
            process.kill()
            process.communicate(timeout=60)
        locks = (self.stage.state / "locks").glob("*.lock")
        self.assertIn(f"pid {process.pid},", "".join(lock.read_text() for lock in locks))
        ended = self.commit()
        self.reap()
        self.check(ended, 0, None, "CLEAN .*sleep 1000", "CLEAN the run of .* was cut off")
        self.assertNotIn("waiting for", ended.console)

    def test_pid_of_a_record_that_another_process_has_now_is_no_live_run(self) -> None:
        records = self.stage.state / "outbox"
        records.mkdir(parents=True)
        sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        left = ["error", sha, "ci/hetzner", CUT_OFF, ""]
        record = {"since": 1, "left": [left]}
        (records / f"r{os.getpid()}-1.json").write_text(json.dumps(record))
        (records / "r1-x.json").write_text("half a rec")
        self.check(self.commit(), 0, None, f"CLEAN the run of {sha} was cut off")
        self.assertEqual([b["state"] for b in self.github.seen], ["error", "pending", "success"])
        self.assertEqual(list(records.iterdir()), [])

    def test_record_stays_until_a_run_can_tell(self) -> None:
        records = self.stage.state / "outbox"
        records.mkdir(parents=True)
        sha = self.stage.git(self.stage.repo, "rev-parse", "HEAD")
        left = Path(records / "r1-1.json")
        status = ["error", sha, "ci/hetzner", CUT_OFF, ""]
        left.write_text(json.dumps({"since": 1, "left": [status]}))
        self.check(self.commit(GITHUB_TOKEN=""), 0, None, "statuses are off")
        self.assertTrue(left.exists())
        self.next_run_is_unaffected()
        self.assertEqual(self.github.seen[0]["state"], "error")

    def test_kill_leaves_a_step_to_the_next_run(self) -> None:
        up = self.root / "up"
        self.stage.before_checkout(f"setsid {self.stays(up)} & {self.sleep}")
        with self.stage.start() as process:
            self.wait_until(up.exists, str(up))
            process.kill()
            process.communicate(timeout=60)
        self.stage.before_checkout(":")
        ended = self.commit()
        self.reap()
        self.check(ended, 0, None, f"CLEAN .*{self.sleep}")
        self.assertEqual(self.status(), "success")


if __name__ == "__main__":
    unittest.main()
