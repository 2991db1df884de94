"""Random lives of a queue, with statuses posted late: what holds after each step and at the end."""

from __future__ import annotations

import unittest
from collections.abc import Iterator
from random import Random

from lib.commit_queue.entry import MANUAL, Deletion, Entry, Push, Ref
from lib.commit_queue.states import ENDED, OPEN, SPOKEN, State
from tests.support.queue_case import QueueCase

LIVES, STEPS = 6, 40
SHAS = [f"{number:040x}" for number in range(6)]
BRANCHES = ("main", "one", "two")
VERDICTS = {State.PASSED: "success", State.FAILED: "failure"}


class Lives(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.states: dict[int, State] = {}
        self.github: dict[str, str] = {}  # the status that each commit shows
        self.last_end: dict[str, State] = {}  # of the entries of a commit that speak

    def test_each_entry_ends_once_and_each_commit_has_the_status_of_its_last_end(self) -> None:
        for seed in range(LIVES):
            with self.subTest(seed=seed):
                self.live(Random(seed))

    def live(self, random: Random) -> None:
        steps = (
            *(self.push_event, self.pull_event, self.person, self.repetition, self.post),
            *(self.start, self.start, self.finish, self.finish, self.cancel, self.cut_off),
            *(self.deletion, self.correction),
        )
        for _ in range(STEPS):
            random.choice(steps)(random)
            self.look()
        while self.queue.entries(states=OPEN):
            self.start(random)
            self.finish(random)
            self.look()
        while self.queue.statuses():
            self.post(random)
        shown = {sha: self.github[sha] for sha in self.last_end}
        expected = {sha: VERDICTS.get(state, "error") for sha, state in self.last_end.items()}
        self.assertEqual(shown, expected)

    def look(self) -> None:
        """Assert what always holds, and keep the ends that have come."""
        for entry in reversed(self.queue.entries(limit=10**6)):
            before = self.states.get(entry.id, State.WAITING)
            if before in ENDED:
                self.assertEqual(entry.state, before, "an end is final")
            elif entry.state in ENDED and entry.speaks:
                self.last_end[entry.sha] = entry.state
            self.states[entry.id] = entry.state
            self.assertEqual(entry.ended is not None, entry.state in ENDED)
        for branch in BRANCHES[1:]:
            self.assertLessEqual(len(list(self.untouched(branch))), 1, branch)

    def untouched(self, branch: str) -> Iterator[Entry]:
        """Yield the entries that a newer push of an unprotected branch should have ended."""
        for entry in self.queue.entries(states=OPEN, branch=branch):
            if entry.source not in MANUAL and not entry.asked_to_end:
                yield entry

    def push_event(self, random: Random) -> None:
        ref = Ref(random.choice(BRANCHES))
        self.queue.push(Push(random.choice(SHAS), ref, "webhook"))

    def pull_event(self, random: Random) -> None:
        ref = Ref(random.choice(BRANCHES), 7, random.choice(("", "a/fork")))
        self.queue.push(Push(random.choice(SHAS), ref, "webhook"))

    def deletion(self, random: Random) -> None:
        branch = random.choice(BRANCHES)
        self.queue.delete(Deletion(Ref(branch), self.queue.tips().get(branch, "")))
        self.assertEqual(self.queue.tips().get(branch, ""), "")

    def correction(self, random: Random) -> None:
        branch, sha = random.choice(BRANCHES), random.choice(("", *SHAS))
        self.queue.correct(branch, self.queue.tips().get(branch, ""), sha)
        self.assertEqual(self.queue.tips().get(branch, ""), sha)

    def person(self, random: Random) -> None:
        ref, sha = Ref(random.choice(("", *BRANCHES))), random.choice(SHAS)
        source, speaks = random.choice((("push", True), ("run", False)))
        self.queue.push(Push(sha, ref, source, random.random() < 0.3, speaks=speaks))

    def repetition(self, random: Random) -> None:
        self.queue.push(Push(random.choice(SHAS), Ref(""), "repeat", repeat="r", speaks=False))

    def start(self, random: Random) -> None:
        taken = self.queue.take("w", 0)
        if taken and random.random() < 0.3:
            self.queue.could_not_start(taken.id, 1, "the container is away")
        elif taken:
            self.queue.begun(taken.id, "run")
            if taken.speaks:
                self.github[taken.sha] = "pending"  # by the run itself

    def finish(self, random: Random) -> None:
        for entry in self.some(random, State.RUNNING):
            state = random.choice((*VERDICTS, State.ERROR))
            if entry.asked_to_end and state not in SPOKEN:
                state = entry.end_if_asked
            if entry.speaks:
                self.github[entry.sha] = VERDICTS.get(state, "error")
            self.queue.end(entry.id, state, 0, state.value)
            self.assertFalse(self.queue.end(entry.id, State.PASSED, 0))

    def cancel(self, random: Random) -> None:
        for entry in self.some(random, *OPEN):
            self.queue.cancel(entry.id, "cancelled by hand")

    def cut_off(self, random: Random) -> None:
        for entry in self.some(random, State.RUNNING):
            random.choice((self.queue.cut_off, self.queue.put_back))(entry.id, "killed")

    def post(self, random: Random) -> None:
        """Post one status; those of the queue may be late."""
        for status in self.queue.statuses()[:1]:
            self.github[status.sha] = status.state
            self.queue.forget_status(status.id)

    def some(self, random: Random, *states: State) -> list[Entry]:
        """Return one entry in one of these states, if there is any."""
        found = self.queue.entries(states=states)
        return [random.choice(found)] if found else []


if __name__ == "__main__":
    unittest.main()
