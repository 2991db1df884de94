"""Pushes that no webhook tells of reach the queue: real repositories, real hooks."""

from __future__ import annotations

import os
from pathlib import Path

from lib.commit_queue.store import CommitQueue
from lib.push_sources import poll
from lib.push_sources.seen_tips import SeenTips
from tests.support.git_case import GitCase, commit, git


class QueueCase(GitCase):
    """A queue beside the repository."""

    def setUp(self) -> None:
        super().setUp()
        self.state = self.home / "state"
        self.queue = CommitQueue(self.state)
        self.addCleanup(self.queue.close)

    def queued(self) -> list[tuple[str, str, str]]:
        """Return branch, commit and source of each entry, the oldest first."""
        return [(e.branch, e.sha, e.source) for e in reversed(self.queue.entries())]


class Poll(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.seen = SeenTips(self.state / "polled.json")

    def poll(self, *globs: str, every: bool = False) -> list[str]:
        """Poll once; return the branches that were queued."""
        url = f"file://{self.repo}"
        done = poll.poll(self.queue, url, self.seen, globs or ("*",), every=every)
        return [entry.refs[-1].branch for entry in done]

    def test_first_poll_takes_note_and_the_next_queues_what_moved(self) -> None:
        git(self.repo, "branch", "old")
        self.assertEqual(self.poll(), [])
        third = commit(self.repo, "a", "three")
        git(self.repo, "branch", "new/branch")
        self.assertEqual(self.poll(), ["main", "new/branch"])
        self.assertEqual(self.queued(), [("main", third, "poll")])  # one commit, one run
        self.assertEqual({ref.branch for ref in self.queue.entry(1).refs}, {"main", "new/branch"})
        self.assertTrue(self.queue.entry(1).speaks)
        self.assertEqual(self.poll(), [])

    def test_every_branch_is_queued_on_demand(self) -> None:
        self.assertEqual(self.poll(every=True), ["main"])
        self.assertEqual(self.poll(every=True), ["main"])
        self.assertEqual(self.queued(), [("main", self.second, "poll")])

    def test_note_is_taken_of_branches_that_are_not_wanted(self) -> None:
        self.assertEqual(self.poll(), [])
        git(self.repo, "branch", "topic/a")
        self.assertEqual(self.poll("main", "release/*"), [])
        self.assertEqual(self.poll(), [])

    def test_branch_that_is_gone_is_forgotten_and_may_come_back(self) -> None:
        git(self.repo, "branch", "a")
        self.poll()
        git(self.repo, "branch", "-D", "a")
        git(self.repo, "branch", "a/b", self.first)  # where a stood
        self.assertEqual(self.poll(), ["a/b"])
        self.assertEqual(self.seen.read(), {"main": self.second, "a/b": self.first})

    def test_remote_that_does_not_answer_is_an_error_and_nothing_is_forgotten(self) -> None:
        self.poll()
        (self.home / "repo").rename(self.home / "away")
        with self.fails("git ls-remote", "git said", "the next poll tries again"):
            self.poll()
        (self.home / "away").rename(self.home / "repo")
        third = commit(self.repo, "a", "three")
        self.assertEqual(self.poll(), ["main"])
        self.assertEqual(self.queued(), [("main", third, "poll")])

    def test_push_that_was_queued_but_not_noted_joins_its_entry(self) -> None:
        self.poll()
        before = self.seen.read()
        commit(self.repo, "a", "three")
        self.poll()
        assert before is not None
        self.seen.write(before)  # as after a kill between the two
        self.assertEqual(self.poll(), ["main"])
        self.assertEqual(len(self.queued()), 1)

    def test_url_that_would_show_a_token_or_is_an_option_is_refused_without_a_word_of_it(
        self,
    ) -> None:
        for url in (
            "https://x:ghp_secret@example.org/a",
            "https://ghp_secret@example.org/a",
            "",
            "-x",
        ):
            with self.assertRaisesRegex(ValueError, "expected .* URL") as caught:
                poll.tips(url)
            self.assertNotIn("ghp_secret", str(caught.exception))

    def test_hostile_branches_of_a_remote_are_left_out(self) -> None:
        self.poll()
        heads = os.fsencode(self.repo / ".git" / "refs" / "heads")
        for name in (b"\xff", b"a" * 200 + b"/" + b"b" * 100, b"-x"):
            path = Path(os.fsdecode(heads + b"/" + name))
            path.parent.mkdir(exist_ok=True)
            path.write_text(self.first)
        self.assertEqual(self.poll(), [])
