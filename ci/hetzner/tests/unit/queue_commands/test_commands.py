"""The commands that change and list the queue, without a worker."""

from __future__ import annotations

import argparse
import os
import unittest
from unittest import mock

from lib.commands import argument_types
from lib.commit_queue import paths
from lib.commit_queue.entry import Push, Ref
from lib.commit_queue.states import State
from lib.common import locks
from lib.queue_commands import front
from tests.support.queue_case import A, B, C
from tests.support.queue_commands_case import QueueCommandsCase


class Form(QueueCommandsCase):
    def test_each_module_of_the_table_has_the_form_of_a_command(self) -> None:
        for name in front.COMMANDS:
            command = front.load(name)
            self.assertTrue(command.SUMMARY.endswith("."), name)
            self.assertNotIn("\n", command.SUMMARY)
            command.arguments(argparse.ArgumentParser())
            self.assertTrue(callable(command.main))

    def test_unknown_word_is_refused_with_the_commands(self) -> None:
        self.refused(2, "expected one of push, ", "pusk")
        self.refused(2, "; did you mean 'list'?", "lst")

    def test_help_lists_the_commands(self) -> None:
        out = self.said("--help")
        for name in front.COMMANDS:
            self.assertIn(f"\n  {name} ", out)


class Working(QueueCommandsCase):
    def test_command_that_can_run_no_commit_is_refused(self) -> None:
        for command, sentence in (
            ("sh {shaa}", "found {shaa}; did you mean '{sha}'?"),
            ("no-such-program {sha}", "found 'no-such-program', which is not on PATH"),
        ):
            with mock.patch.dict(os.environ, {"CI_QUEUE_COMMAND": command}):
                self.refused(2, sentence, "worker", "--once")


class Pushing(QueueCommandsCase):
    def test_commit_waits_and_its_entry_is_printed(self) -> None:
        self.assertIn("1  WAITING  aaaaaaaaaaaa  topic  push", self.said("push", A, "topic"))
        found = self.queue.entry(1)
        self.assertEqual((found.sha, found.refs, found.speaks), (A, (Ref("topic"),), True))

    def test_options_reach_the_entry(self) -> None:
        made = self.json("push", A, "--first", "--silent", "--source", "hook")
        self.assertEqual((made["first"], made["speaks"], made["source"]), (True, False, "hook"))

    def test_word_that_can_be_no_branch_is_refused(self) -> None:
        self.refused(2, "expected the name of a branch, found 'a..b'", "push", A, "a..b")
        self.assertEqual(self.queue.entries(), [])


class Bounds(QueueCommandsCase):
    def test_repetitions_are_queued_together_and_bounded(self) -> None:
        before = self.queue.version()
        self.said("repeat", A, "20", "--no-wait")
        self.assertEqual((len(self.queue.entries()), self.queue.version()), (20, before + 1))
        self.bad_usage("repeat", A, "99999999")
        self.assertEqual(len(self.queue.entries()), 20)

    def test_number_that_no_database_keeps_is_refused(self) -> None:
        for number in ("9" * 23, "9" * 5000, "²", "٣", "-1", "0"):
            self.bad_usage("log", "--", number)
            self.bad_usage("repeat", A, "--", number)
            with self.assertRaisesRegex(argparse.ArgumentTypeError, "a number of 1 or .{,60}$"):
                argument_types.count(number)

    def bad_usage(self, *words: str) -> None:
        with self.assertRaises(SystemExit) as ended:
            self.call(*words)
        self.assertEqual(ended.exception.code, 2)


class Listing(QueueCommandsCase):
    def test_entry_that_is_an_error_names_the_command_that_shows_its_output(self) -> None:
        for sha, run in ((A, ""), (B, "20260101T000000Z-bbbbbbb")):  # of which nothing is there
            self.queue.push(Push(sha, Ref("one"), "push"))
            entry = self.take()
            self.queue.begun(entry.id, run)
            self.queue.end(entry.id, State.ERROR, 127, "the command could not run")
        for number in (1, 2):
            self.assertIn(f"the command could not run (queue log {number})", self.said("list"))

    def test_ended_entries_that_are_left_out_are_counted(self) -> None:
        for _ in range(11):
            self.queue.push(Push(A, Ref(""), "run"))
            self.queue.end(self.take().id, State.PASSED, 0)
        self.assertIn("\nended (the last 10 of 11; --all)\n", self.said("list"))
        self.assertIn("\nended (11)\n", self.said("list", "--all"))

    def test_empty_queue_names_its_state_directory(self) -> None:
        nothing = f"nothing is queued in {self.state}"
        self.assertEqual(self.said("list").splitlines()[-1], nothing)
        self.push(A)
        self.assertNotIn(nothing, self.said("list"))

    def test_draining_queue_says_by_whom_and_since_when(self) -> None:
        self.said("drain")
        first = self.said("list").splitlines()[0]
        self.assertRegex(first, r"^the queue drains: [^(]* \(by \w+, since \d{4}-[^()]*\)$")

    def test_entries_stand_below_their_state_and_waiting_ones_in_their_order(self) -> None:
        for sha, branch in ((A, "one"), (B, "one"), (C, "two")):
            self.queue.push(Push(sha, Ref(branch), "push"))
        self.queue.end(self.take().id, State.FAILED, 1)
        self.take()
        lines = self.said("list").splitlines()
        self.assertEqual(lines[0], "the queue starts entries")
        self.assertIn("no worker lives; start one with: python3 pipeline.py queue worker", lines[1])
        at = lines.index("running (1)")
        self.assertIn("3  RUNNING  cccccccccccc  two", lines[at + 1])
        at = lines.index("waiting, in the order of their start (1)")
        self.assertIn("2  WAITING  bbbbbbbbbbbb  one", lines[at + 1])
        at = lines.index("ended (1)")
        self.assertIn("1  FAILED  aaaaaaaaaaaa  one", lines[at + 1])
        self.assertIn("exit code 1", lines[at + 1])

    def test_entry_that_waits_for_the_run_of_its_own_commit_says_so(self) -> None:
        self.push(A)
        self.take()
        for sha in (B, A):
            self.push(sha)
        waits = next(line for line in self.said("list").splitlines() if line.startswith("3  "))
        self.assertTrue(waits.endswith("waits for the end of 1, which runs this commit"), waits)

    def test_mode_message_and_worker_stand_at_the_top(self) -> None:
        self.said("pause", "--why", "upgrade\x1b[2J")
        self.queue.set_message("the disk is full")
        with locks.lock(paths.worker_lock(self.state), "worker of this test"):
            lines = self.said("list").splitlines()
        self.assertEqual(lines[0], "the queue is paused: it starts no entry (upgrade·[2J)")
        self.assertEqual(lines[1], "the disk is full")
        self.assertTrue(lines[2].startswith("a worker lives: worker of this test (pid "), lines[2])

    def test_programs_get_all_fields(self) -> None:
        self.push(A)
        found = self.json("list")
        self.assertEqual((found["mode"], found["worker"]), ("running", ""))
        self.assertEqual(found["waiting"][0]["refs"], [{"branch": "topic", "pull": 0, "fork": ""}])
        self.assertEqual((found["running"], found["ended"]), ([], []))

    def test_all_lists_more_than_the_latest(self) -> None:
        for _ in range(12):
            self.queue.end(self.push(A, source="push").id, State.PASSED, 0)
        self.assertEqual(len(self.json("list")["ended"]), 10)
        self.assertEqual(len(self.json("list", "--all")["ended"]), 12)


class Cancelling(QueueCommandsCase):
    def test_entry_that_waits_ends_and_one_that_runs_is_asked_to(self) -> None:
        self.push(A, "one")
        self.take()
        self.push(B, "two")
        self.assertIn("CANCELLED", self.said("cancel", "2"))
        out = self.said("cancel", "1")
        self.assertIn("asked to end: cancelled by hand", out)
        self.assertIn("1 run asked to end", out)

    def test_commit_stands_for_all_of_its_entries(self) -> None:
        for _ in range(3):
            self.queue.push(Push(A, Ref(""), "repeat", repeat="r"))
        self.said("cancel", A)
        self.assertEqual(self.queue.waiting(), [])

    def test_entry_that_is_not_there_or_has_ended_is_refused(self) -> None:
        self.refused(1, "found none with the id 7", "cancel", "7")
        self.refused(1, f"expected an entry of {A} that waits or runs", "cancel", A)
        self.queue.cancel(self.push(A).id, "x")
        self.refused(1, "found that 1 has ended: cancelled", "cancel", "1")


class Modes(QueueCommandsCase):
    def test_resume_starts_entries_again_after_pause_and_drain(self) -> None:
        self.push(A)
        for command, mode in (("pause", "paused"), ("drain", "draining")):
            self.said(command)
            self.assertEqual(self.queue.mode(), mode)
            self.assertEqual(self.said("resume"), "the queue starts entries\n")
            self.assertEqual(self.queue.mode(), "running")

    def test_resume_leaves_what_the_worker_says(self) -> None:
        self.queue.set_message("the disk is full")
        self.said("pause")
        self.assertIn("the disk is full", self.said("resume"))

    def test_drain_waits_until_nothing_runs(self) -> None:
        self.assertIn("0 runs still going on", self.said("drain", "--wait"))
        self.queue.set_mode("running")
        self.push(A)
        self.take()
        with locks.lock(paths.worker_lock(self.state), "worker of this test"):
            self.still_runs()

    def test_drain_counts_what_a_dead_worker_ran_only_while_its_command_lives(self) -> None:
        self.push(A)
        taken = self.take()
        with locks.lock(paths.entry_lock(self.state, taken.id), "its command"):
            self.still_runs()
        self.assertIn("0 runs still going on", self.said("drain", "--wait", "0.01"))
        self.assertEqual(self.state_of(taken), State.RUNNING, "the next worker takes it back")

    def still_runs(self) -> None:
        code, out, _ = self.call("drain", "--wait", "0.01")
        self.assertEqual(code, 1)
        self.assertIn("1 run still going on", out)


if __name__ == "__main__":
    unittest.main()
