"""Faults of the queue: killed processes, many at once, damage, a full disk, one only to read."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
import unittest
from pathlib import Path
from random import Random
from unittest import mock

from lib.commit_queue import connection, paths
from lib.commit_queue.connection import QueueError
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from tests.support.forked import Forked, Report
from tests.support.queue_case import A, B, C, QueueCase

HETZNER = Path(__file__).resolve().parents[2]
PIPELINE = HETZNER / "pipeline.py"
PROCESSES, PUSHES, KILLS = 4, 200, 100


def sha_of(*numbers: int) -> str:
    return "".join(f"{number:08x}" for number in numbers).ljust(40, "0")


class Together(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        # each waits for the disk of all others, which may be slow
        self.enterContext(mock.patch.object(connection, "PATIENCE", 120.0))

    def pusher(self, which: int, report: Report) -> None:
        queue = CommitQueue(self.state)
        for number in range(PUSHES):
            sha = sha_of(which, number)
            entry = queue.push(Push(sha, Ref(f"branch-{which}"), "push"))
            report(f"{entry.id} {sha}")

    def test_no_push_of_several_processes_is_lost_and_no_id_given_twice(self) -> None:
        self.queue.close()
        pushers = [
            Forked(lambda report, which=which: self.pusher(which, report))  # type: ignore[misc]
            for which in range(PROCESSES)
        ]
        accepted = dict(line.split() for pusher in pushers for line in pusher.lines())
        self.assertEqual([pusher.status for pusher in pushers], [0] * PROCESSES)
        self.assertEqual(len(accepted), PROCESSES * PUSHES)
        found = {str(entry.id): entry.sha for entry in self.queue.entries(limit=10**6)}
        self.assertEqual(found, accepted)

    def taker(self, report: Report) -> None:
        queue = CommitQueue(self.state)
        while entry := queue.take(f"worker {os.getpid()}", 0):
            report(entry.id)

    def test_no_entry_is_taken_twice(self) -> None:
        for number in range(PUSHES):
            self.push(sha_of(number), f"b{number % 7}", "push")
        self.queue.close()
        takers = [Forked(self.taker) for _ in range(PROCESSES)]
        taken = [int(line) for taker in takers for line in taker.lines()]
        self.assertEqual(sorted(taken), list(range(1, PUSHES + 1)))


class Killed(QueueCase):
    def pusher(self, which: int, report: Report) -> None:
        queue = CommitQueue(self.state)
        report("ready")
        for number in range(10**6):
            delivery = f"{which}-{number}"
            push = Push(sha_of(which, number), Ref("one"), "webhook")
            report(queue.receive(delivery, push, f"{{entry}} {delivery}"))

    def test_pushes_that_were_accepted_survive_and_all_rows_are_whole(self) -> None:
        random = Random(int(time.time()))
        accepted = []
        for which in range(KILLS):
            self.queue.close()
            pusher = Forked(lambda report, which=which: self.pusher(which, report))  # type: ignore[misc]
            time.sleep(random.random() * 0.03)
            pusher.kill()
            accepted += [line.split() for line in pusher.lines()[1:]]
        self.assertTrue(accepted, "each was killed before its first push")
        found = {str(entry.id): entry for entry in self.queue.entries(limit=10**6)}
        push = Push("f" * 40, Ref("another"), "webhook")
        for number, delivery in accepted:
            self.assertEqual(found[number].sha, sha_of(*map(int, delivery.split("-"))))
            again = self.queue.receive(delivery, push, "not seen before")
            self.assertEqual(again, f"{number} {delivery}")
        waiting = [entry for entry in found.values() if entry.state is State.WAITING]
        self.assertEqual(len(waiting), 1, "all others of the branch are superseded")
        statuses = {each.sha for each in self.queue.statuses()}
        self.assertEqual(statuses, {entry.sha for entry in found.values()})
        self.assertTrue(all(len(entry.refs) == 1 for entry in found.values()))
        with sqlite3.connect(paths.database(self.state)) as database:
            self.assertEqual(database.execute("PRAGMA integrity_check").fetchall(), [("ok",)])
        database.close()


class Damaged(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.path = paths.database(self.state)
        self.broken = self.path.with_name("queue.db.broken")
        for sha, branch in ((A, "one"), (B, "two")):
            self.push(sha, branch)
        self.queue.end(self.take().id, State.PASSED, 0)
        self.queue.close()  # and nothing is left beside the database

    def overwrite(self, at: int, data: bytes) -> None:
        with self.path.open("r+b") as file:
            file.seek(at)
            file.write(data)

    def test_file_that_is_no_database_is_set_aside_and_told(self) -> None:
        self.overwrite(0, b"\0" * 4096)
        before = self.path.read_bytes()
        self.assertEqual(self.push(C).sha, C)
        self.assertEqual(self.broken.read_bytes(), before)
        self.assertRegex(
            self.queue.damage(), r"queue\.db was damaged \(file is not a database\).*0 entries"
        )

    def test_rows_that_can_be_read_are_saved_and_ids_go_on(self) -> None:
        with sqlite3.connect(self.path) as database:
            (root,) = database.execute(
                "SELECT rootpage FROM sqlite_master WHERE name = 'entries_of_sha'"
            ).fetchone()
        database.close()
        self.overwrite(4096 * (root - 1), b"\xff" * 4096)
        self.push(C, "three")
        found = [(entry.id, entry.sha, entry.state) for entry in self.queue.entries()]
        self.assertEqual(found, [(3, C, "waiting"), (2, B, "waiting"), (1, A, "passed")])
        self.assertIn("2 entries were saved", self.queue.damage())
        with self.assertRaises(LookupError):
            self.queue.cancel(1, "the triggers are there as well")

    def test_rows_that_were_saved_survive_a_kill_before_they_take_its_place(self) -> None:
        self.path.rename(connection.saved(self.path))
        self.push(C, "three")
        self.assertEqual([entry.sha for entry in self.queue.entries()], [C, B, A])
        self.assertEqual(self.queue.damage(), "")

    def test_other_process_that_has_it_open_goes_on_with_the_new_one(self) -> None:
        other = CommitQueue(self.state)
        self.assertEqual(len(other.entries()), 2)
        self.overwrite(0, b"\0" * 100)
        self.push(C)
        self.assertEqual(other.peek(), self.queue.peek())
        self.assertEqual(other.push(Push(A, Ref("x"), "push")).id, self.push(A, "x", "push").id)
        other.close()

    def test_database_that_is_gone_gives_no_id_again_that_has_a_log(self) -> None:
        log = paths.log(self.state, 41)
        log.parent.mkdir(exist_ok=True)
        log.touch()
        for empty in (False, True):
            self.path.write_bytes(b"") if empty else self.path.unlink()
            self.assertEqual(self.push(C).id, 42)
            self.assertIn("of the entries up to 41 is gone", self.queue.damage())
            self.queue.close()

    def test_tables_of_another_program_are_refused_and_stay(self) -> None:
        self.path.unlink()
        with sqlite3.connect(self.path) as database:
            database.execute("CREATE TABLE mine (x)")
        database.close()
        before = self.path.read_bytes()
        with self.assertRaisesRegex(QueueError, "expected the tables of a queue"):
            self.push(A)
        self.assertEqual(self.path.read_bytes(), before)
        self.assertFalse(self.broken.exists())

    def test_resume_speaks_of_it_no_more(self) -> None:
        self.overwrite(0, b"\0" * 100)
        self.assertIn("was damaged", self.called("list"))
        self.assertNotIn("was damaged", self.called("resume"))
        self.assertNotIn("was damaged", self.called("list"))

    def called(self, command: str) -> str:
        words = [sys.executable, str(PIPELINE), "queue", command, "--state-dir", str(self.state)]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout


@unittest.skipUnless(shutil.which("unshare"), "no unshare(1)")
class Disk(QueueCase):
    def in_mounts(self, script: str) -> str:
        """Return what the commands print that get the state directory and pipeline.py."""
        self.queue.close()
        words = ["unshare", "-Urm", "bash", "-c", script, "bash", str(self.state), str(PIPELINE)]
        done = subprocess.run(
            words,
            env=os.environ | {"PYTHON": sys.executable},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.stdout + done.stderr

    def test_disk_that_is_only_read_is_told(self) -> None:
        self.push(A)
        told = self.in_mounts(
            'mount --bind "$1" "$1"; mount -o remount,ro,bind "$1"; for word in list "push $0"; do '
            f'"$PYTHON" "$2" queue ${{word/bash/{B}}} --state-dir "$1" 2>&1; echo "code $?"; done'
        )
        self.assertEqual(told.count("Read-only file system"), 2, told)
        self.assertEqual(told.count("code 1"), 2, told)
        self.assertNotIn("Traceback", told)

    def test_full_disk_refuses_a_push_and_loses_none(self) -> None:
        script = f"""
import sys; sys.path.insert(0, {str(HETZNER)!r})
from pathlib import Path
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.store import CommitQueue
queue = CommitQueue(Path(sys.argv[1]))
accepted = []
try:
    for number in range(100_000):
        accepted.append(queue.push(Push(f"{{number:040x}}", Ref("main" * 50), "push")).id)
except OSError as error:
    print(type(error).__name__, error)
found = [entry.id for entry in queue.entries(limit=10**6)]
print(found[::-1] == accepted, len(accepted) > 10)
Path(sys.argv[1], "ballast").unlink()
print(queue.push(Push("f" * 40, Ref(""), "push")).id == accepted[-1] + 1)
"""
        (self.state / "fill.py").write_text(script)
        told = self.in_mounts(
            'mkdir "$1/full"; mount -t tmpfs -o size=1m none "$1/full"; '
            'head -c 300k /dev/zero > "$1/full/ballast"; "$PYTHON" "$1/fill.py" "$1/full" 2>&1'
        )
        error, rest = told.split("\n", 1)
        self.assertRegex(error, r"^QueueError queue .*: (database or disk is full|disk I/O error)")
        self.assertEqual(rest, "True True\nTrue\n", told)


if __name__ == "__main__":
    unittest.main()
