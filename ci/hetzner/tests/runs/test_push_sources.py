"""Pushes that no webhook tells of reach the queue: real repositories, real hooks."""

from __future__ import annotations

import contextlib
import functools
import io
import os
import re
import subprocess
import sys
from pathlib import Path

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.commit_queue.states import State
from lib.commit_queue.store import CommitQueue
from lib.push_sources import poll
from lib.push_sources.seen_tips import SeenTips
from lib.queue_commands import front
from tests.support.git_case import GitCase, commit, git

PIPELINE = Path(__file__).resolve().parents[2] / "pipeline.py"


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


class Hook(QueueCase):
    """`ci.git` is the repository of the box, `repo` that of a person."""

    def setUp(self) -> None:
        super().setUp()
        self.bare = self.home / "new" / "ci.git"
        self.assertIn("post-receive queues", self.install())
        git(self.repo, "remote", "add", "ci", str(self.bare))

    def install(self, *words: str) -> str:
        called = ["queue", "hook", "--install", str(self.bare), "--state-dir", str(self.state)]
        done = subprocess.run(
            [sys.executable, PIPELINE, *called, *words], capture_output=True, text=True, check=False
        )
        return done.stdout + done.stderr

    def push(self, *words: str) -> str:
        """Push to the box, which has to take it; return what it says."""
        done = subprocess.run(
            ["git", "push", "ci", *words], cwd=self.repo, capture_output=True, text=True, check=True
        )
        return "\n".join(re.findall(r"^remote: (.*?)\s*$", done.stderr, re.MULTILINE))

    def test_pushed_branches_are_queued_and_the_person_is_told_how_to_follow(self) -> None:
        told = self.push("HEAD:refs/heads/topic", f"{self.first}:refs/heads/other")
        self.assertEqual(
            sorted(self.queued()), [("other", self.first, "hook"), ("topic", self.second, "hook")]
        )
        self.assertFalse(any(entry.speaks for entry in self.queue.entries()))
        number = next(entry.id for entry in self.queue.entries() if entry.branch == "topic")
        log = f"python3 {PIPELINE} queue log {number} -f --state-dir {self.state}"
        self.assertIn(f"topic queued as {number}: {log}", told)

    def test_commit_that_has_its_answer_is_told_with_it(self) -> None:
        self.push("HEAD:refs/heads/topic")
        self.queue.take("w", 0)
        self.queue.end(1, State.FAILED, 1)
        self.assertRegex(self.push("HEAD:refs/heads/other"), "1 +FAILED .* exit code 1")

    def test_tags_queue_nothing_and_a_gone_branch_ends_what_waits_for_it(self) -> None:
        self.push("HEAD:refs/heads/a")
        git(self.repo, "tag", "v1")
        self.assertEqual(self.push("v1", ":refs/heads/a"), "")
        (entry,) = self.queue.entries()
        self.assertEqual((entry.state.value, entry.where), ("cancelled", "deleted pushed:a"))

    def test_newer_push_supersedes_the_older_of_its_branch_alone(self) -> None:
        self.queue.push(Push(self.first, Ref("topic"), "webhook"))  # that of GitHub
        self.push("HEAD:refs/heads/topic")
        third = commit(self.repo, "a", "three")
        self.push("HEAD:refs/heads/topic")
        states = [(e.sha, e.state.value) for e in reversed(self.queue.entries())]
        self.assertEqual(
            states, [(self.first, "waiting"), (self.second, "superseded"), (third, "waiting")]
        )

    def test_queue_that_cannot_be_written_is_told_and_the_push_stays(self) -> None:
        self.queue.close()
        self.state.write_text("in the way")
        told = self.push("HEAD:refs/heads/topic")
        self.assertIn("NOT QUEUED", told)
        self.assertIn("the push itself is done", told)
        self.assertEqual(git(self.bare, "rev-parse", "topic"), self.second)

    def test_another_hook_is_not_overwritten_and_our_own_is_renewed(self) -> None:
        hook = self.bare / "hooks" / "post-receive"
        ours = hook.read_text()
        self.assertIn("post-receive queues", self.install("--by", "ci --quick"))
        self.assertIn("exec ci --quick queue hook --by 'ci --quick'\n", hook.read_text())
        self.install()
        self.assertEqual(hook.read_text(), ours)
        for other in ("#!/bin/sh\necho theirs\n", ""):
            hook.write_text(other)
            self.assertIn("expected no hook, found another one", self.install())
            self.assertEqual(hook.read_text(), other)

    def test_directory_that_is_no_repository_is_refused(self) -> None:
        for place in (self.home / "plain", self.repo / "within"):
            place.mkdir()
            self.bare = place
            self.assertIn("name a bare repository", self.install())
            self.assertEqual(list(place.iterdir()), [])
        self.assertFalse((self.repo / ".git" / "hooks" / "post-receive").exists())


class Poll(QueueCase):
    def setUp(self) -> None:
        super().setUp()
        self.seen = SeenTips(self.state / "polled.json")

    def poll(self, *globs: str, every: bool = False) -> list[str]:
        """Poll once; return the branches that were queued, and `-name` for those that are gone."""
        ask = functools.partial(poll.tips, f"file://{self.repo}")
        done = poll.poll(self.queue, ask, self.seen, globs or ("*",), every=every, wait=self.now)
        return [
            f"-{each.ref.branch}" if isinstance(each, Deletion) else each.refs[-1].branch
            for each in done
        ]

    def now(self) -> None:
        """Ask the remote again without a pause."""

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

    def test_branch_that_is_gone_ends_its_entry_and_leaves_that_of_another(self) -> None:
        self.poll()
        git(self.repo, "branch", "a", self.first)
        git(self.repo, "branch", "b", self.first)
        git(self.repo, "branch", "c")
        self.assertEqual(self.poll(), ["a", "b", "c"])
        git(self.repo, "branch", "-D", "a", "c")
        self.assertEqual(self.poll(), ["-a", "-c"])
        states = {entry.sha: entry.state.value for entry in self.queue.entries()}
        self.assertEqual(states, {self.first: "waiting", self.second: "cancelled"})

    def test_command_tells_what_it_has_changed_and_why_it_could_not(self) -> None:
        git(self.repo, "branch", "gone")
        self.assertRegex(self.command()[1], r"\Atook note of where the branches are: .*\n\Z")
        self.assertEqual(self.command(), (0, "no branch to queue\n"))
        self.queue.push(Push(self.second, Ref("gone"), "webhook"))
        git(self.repo, "branch", "-D", "gone")
        third = commit(self.repo, "a", "three")
        code, told = self.command()
        self.assertEqual((code, told.split("\n")[0]), (0, "gone was deleted"))
        self.assertRegex(told, rf"\n2 +WAITING +{third[:12]} +main +poll +")
        (self.home / "repo").rename(self.home / "away")
        code, told = self.command()
        self.assertEqual((code, told.count("\n")), (1, 1))
        self.assertIn("the next poll tries again", told)
        self.assertRegex(self.queue.message(), "^NOTE: the repository did not tell the last poll")
        self.assertEqual(self.queue.held_up(), "")
        (self.home / "away").rename(self.home / "repo")
        self.command()
        self.assertEqual(self.queue.message(), "")

    def command(self) -> tuple[int, str]:
        """Return exit code and words of the command."""
        words = ["poll", f"file://{self.repo}", "--state-dir", str(self.state)]
        said = io.StringIO()
        with contextlib.redirect_stdout(said), contextlib.redirect_stderr(said):
            return front.main(words, "pipeline.py"), said.getvalue()

    def test_tip_that_a_late_delivery_has_superseded_runs(self) -> None:
        self.poll()
        for sha in (self.second, self.first):
            self.queue.push(Push(sha, Ref("main"), "webhook"))
        self.assertEqual(self.poll(), ["main"])
        (tip,) = self.queue.entries(branch="main", limit=1)
        self.assertEqual((tip.sha, tip.state.value, tip.asked_to_end), (self.second, "waiting", ""))

    def test_remote_that_does_not_answer_is_an_error_and_nothing_is_forgotten(self) -> None:
        self.poll()
        (self.home / "repo").rename(self.home / "away")
        with self.fails("git ls-remote", "git said", "the next poll tries again"):
            self.poll()
        (self.home / "away").rename(self.home / "repo")
        third = commit(self.repo, "a", "three")
        self.assertEqual(self.poll(), ["main"])
        self.assertEqual(self.queued(), [("main", third, "poll")])

    def test_push_that_was_queued_but_not_noted_is_not_queued_again(self) -> None:
        self.poll()
        before = self.seen.read()
        commit(self.repo, "a", "three")
        self.poll()
        assert before is not None
        self.seen.write(before)  # as after a kill between the two
        self.assertEqual(self.poll(), [])
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
