"""Deliveries come in any order, some never: the poll puts right which commit a branch is at.

Each life of a branch is played with its deliveries in all orders, of which any may be lost. Queue
and poll are the real ones; the database is in memory, and the remote a variable.
"""

from __future__ import annotations

import contextlib
import itertools
import sqlite3
import unittest
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from lib.commit_queue import (
    branch_order,
    listing,
    moving,
    old_rows,
    pushing,
    rows,
    schema,
    start_order,
    state_changes,
)
from lib.commit_queue.entry import Deletion, Entry, Push, Ref
from lib.commit_queue.states import OPEN, VERDICTS, State
from lib.push_sources import poll

A, B, C, D = (letter * 40 for letter in "abcd")
GONE, NEW = "", "0" * 40
PROTECTED = ["main"]
LIVES = (  # the commits of a branch, one after the other
    (A, B, C),
    (A, B, A),  # forced back
    (A, B, C, D),
    (A, B, A, B),
    (A, B, A, C),
    (A, B, C, A),
    (A, B, GONE),
    (A, GONE, A),
    (A, B, GONE, C),
    (A, B, GONE, B),
)
SHORT = [life for life in LIVES if len(life) == 3]
STARTS, ENDS = "starts", "ends"  # what the worker does after each delivery
WAYS = (("topic", STARTS), ("topic", ENDS), ("main", STARTS))  # main is protected


class Told(NamedTuple):
    """A delivery, or what a poll was answered at any time; GONE stands for no commit."""

    before: str
    after: str
    by: str = "push"  # or "pull", "poll"


class Box:
    """The queue of a box with its worker, and the notes of its poll."""

    def __init__(self) -> None:
        self.database = sqlite3.connect(":memory:", isolation_level=None)
        schema.make(self.database, Path("/nonexistent"))
        self.noted: dict[str, str] | None = {"other": D}

    def read(self) -> dict[str, str] | None:
        return self.noted

    def write(self, tips: Mapping[str, str]) -> None:
        self.noted = dict(tips)

    def tips(self) -> dict[str, str]:
        return branch_order.tips(self.database)

    def correct(self, branch: str, known: str, found: str) -> Entry | Deletion | None:
        return moving.correct(self.database, branch, known, found, PROTECTED)

    def hear(self, branch: str, told: Told) -> None:
        if told.by == "poll":
            self.poll(branch, told.after)
        elif told.after == GONE:
            moving.delete(self.database, Deletion(Ref(branch), told.before), PROTECTED)
        else:
            ref = Ref(branch, 7 if told.by == "pull" else 0)
            push = Push(told.after, ref, "webhook", before=told.before or NEW)
            pushing.push(self.database, push, PROTECTED)

    def poll(self, branch: str, *answers: str) -> list[Entry | Deletion]:
        """Poll once; return what that changed. The remote has the commits, one after the other."""
        told = [{"other": D} | ({branch: each} if each else {}) for each in answers]
        ask = iter((*told, told[-1])).__next__
        return list(poll.poll(self, ask, self, ["*"], every=False, wait=lambda: None))

    def work(self, how: str) -> None:
        """Let the worker start one entry, or run all to their end."""
        while start_order.take(self.database, "w", 0) and how == ENDS:
            self.end_running()

    def end_running(self) -> None:
        for entry in self.entries("running"):
            state = entry.end_if_asked if entry.asked_to_end else State.PASSED
            state_changes.end(self.database, entry, state, 0, "")

    def entries(self, state: str) -> list[Entry]:
        return rows.entries(self.database, "WHERE state = ? ORDER BY id", (state,))

    @contextlib.contextmanager
    def undone(self) -> Iterator[None]:
        """Take back what is done within."""
        self.database.execute("SAVEPOINT before")
        noted = self.noted
        yield
        self.noted = noted
        self.database.execute("ROLLBACK TO before")
        self.database.execute("RELEASE before")


class TrueTips(unittest.TestCase):
    def setUp(self) -> None:
        self.box = Box()
        self.ends = 0

    def test_deliveries_in_any_order_of_which_any_is_lost_end_at_the_true_tip(self) -> None:
        for life, (branch, how) in itertools.product(LIVES, WAYS):
            self.play(branch, moves(life), life[-1], how)
        self.assertEqual(self.ends, 1362)

    def test_so_do_those_of_a_pull_request_beside_them(self) -> None:
        for life, (branch, how) in itertools.product(((A, B), (A, B, A)), WAYS[:1]):
            pulls = [move._replace(by="pull") for move in moves(life)[-2:]]
            self.play(branch, [*moves(life), *pulls], life[-1], how)
        self.assertEqual(self.ends, 65 + 326)

    def test_so_do_those_that_come_before_or_after_a_poll_of_any_moment(self) -> None:
        for life, (branch, how) in itertools.product(SHORT, WAYS[1:2]):
            for answer in {GONE, *life}:
                told = Told("", answer, by="poll")
                self.play(branch, [*moves(life), told], life[-1], how)
        self.assertGreater(self.ends, 500)

    def play(self, branch: str, left: Sequence[Told], tip: str, how: str) -> None:
        """Tell what is left in each order; the rest of it is lost at any time."""
        with self.box.undone():
            self.settle(branch, tip)
        for number, told in enumerate(left):
            with self.box.undone():
                self.box.hear(branch, told)
                self.box.work(how)
                self.play(branch, [*left[:number], *left[number + 1 :]], tip, how)

    def settle(self, branch: str, tip: str) -> None:
        """Assert that a poll makes all of it right, and finds nothing to do the next time."""
        box = self.box
        box.poll(branch, tip)
        self.assertEqual(box.tips().get(branch, GONE), tip)
        self.assertEqual(box.poll(branch, tip), [])
        if tip:
            (of_tip,) = listing.entries(box.database, (), branch, 1, None)
            self.assertEqual((of_tip.sha, of_tip.asked_to_end), (tip, ""))
            self.assertIn(of_tip.state, OPEN | VERDICTS)
        self.drain()
        verdicts = listing.entries(box.database, VERDICTS, branch, 1, None)
        self.assertEqual([entry.sha for entry in verdicts], [tip] if tip else [])
        shown = {name: entry.sha for name, entry in listing.branches(box.database)}
        self.assertEqual(shown.get(branch, GONE), tip)
        self.ends += 1

    def drain(self) -> None:
        """Run all to its end; no commit runs twice at a time."""
        while True:
            running = [entry.sha for entry in self.box.entries("running")]
            self.assertEqual(len(running), len(set(running)))
            self.box.end_running()
            if not start_order.take(self.box.database, "w", 0):
                return


class Polls(unittest.TestCase):
    """What one poll does, and what it leaves alone."""

    def setUp(self) -> None:
        self.box = Box()

    def told(self, *commits: str) -> None:
        for told in moves(commits):
            self.box.hear("topic", told)

    def running(self) -> Entry:
        (entry,) = self.box.entries("running")
        return entry

    def test_first_poll_queues_no_branch_of_which_the_queue_never_heard(self) -> None:
        self.box.noted = None
        self.assertEqual(self.box.poll("topic", A), [])
        self.assertEqual(self.box.poll("topic", A), [])

    def test_first_poll_corrects_the_branches_that_the_queue_knows(self) -> None:
        self.box.noted = None
        self.told(A)
        (entry,) = self.box.poll("topic", B)
        assert isinstance(entry, Entry)
        self.assertEqual((entry.sha, entry.source), (B, "poll"))

    def test_branch_whose_entries_were_forgotten_is_not_queued_again(self) -> None:
        self.told(A)
        self.box.work(ENDS)
        self.box.poll("topic", A)
        old_rows.forget(self.box.database, float("inf"))
        self.assertEqual(self.box.poll("topic", A), [])

    def test_remote_that_lags_behind_a_delivery_ends_no_run(self) -> None:
        self.told(A)
        self.box.poll("topic", A)
        self.box.hear("topic", Told(A, B))
        self.box.work(STARTS)
        self.assertEqual(self.box.poll("topic", A, B), [])
        self.assertEqual((self.running().sha, self.running().asked_to_end), (B, ""))

    def test_delivery_that_comes_after_the_answer_is_the_newer_one(self) -> None:
        self.told(A)
        self.box.poll("topic", A)

        def ask() -> dict[str, str]:
            self.box.hear("topic", Told(B, C))
            return {"topic": B}

        done = poll.poll(self.box, ask, self.box, ["*"], every=False)
        self.assertEqual(list(done), [])
        self.assertEqual(self.box.tips(), {"topic": C})

    def test_delivery_after_the_poll_joins_its_entry(self) -> None:
        self.told(A)
        self.box.poll("topic", A)
        self.box.poll("topic", B)
        self.box.work(STARTS)
        self.box.hear("topic", Told(A, B))
        self.assertEqual(self.box.entries("waiting"), [])
        self.assertEqual(self.running().sha, B)

    def test_commit_that_a_person_has_cancelled_stays_so(self) -> None:
        self.told(A)
        state_changes.cancel_open(self.box.database, 1, "cancelled by hand")
        self.assertEqual(self.box.poll("topic", A), [])

    def test_remote_without_any_branch_deletes_none(self) -> None:
        self.told(A)
        self.assertEqual(list(poll.poll(self.box, dict, self.box, ["*"], every=False)), [])
        self.assertEqual(self.box.tips(), {"topic": A})
        self.assertEqual(self.box.noted, {"other": D})

    def test_branch_of_a_fork_or_of_the_box_is_not_looked_for(self) -> None:
        for fork in ("a/fork", "pushed"):
            push = Push(A, Ref("topic", 7, fork), "webhook", before=NEW)
            pushing.push(self.box.database, push, PROTECTED)
        pushing.push(self.box.database, Push(A, Ref("by-hand"), "run"), PROTECTED)
        self.assertEqual(self.box.poll("elsewhere", GONE), [])
        self.assertEqual(len(self.box.entries("waiting")), 1)


def moves(life: Sequence[str]) -> list[Told]:
    return [Told(before, after) for before, after in itertools.pairwise((GONE, *life))]


if __name__ == "__main__":
    unittest.main()
