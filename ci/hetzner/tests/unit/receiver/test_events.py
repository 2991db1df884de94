"""Which of GitHub's events queue a commit, and which one."""

from __future__ import annotations

import json
import unittest
from typing import Any

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.receiver.events import Ignored, Rules, change_of
from lib.receiver.payload import PayloadError, parse
from tests.support.webhook_case import BEFORE, REPOSITORY, SHA, pushed, requested

RULES = Rules(REPOSITORY.upper())
FORK = "stranger/Hello-World"


def of(event: str, payload: Any, rules: Rules = RULES) -> Push | Deletion | Ignored:
    return change_of(event, parse(json.dumps(payload).encode()), rules)


class EventCase(unittest.TestCase):
    def ignored(self, event: str, payload: Any, why: str, rules: Rules = RULES) -> None:
        found = of(event, payload, rules)
        assert isinstance(found, Ignored), found
        self.assertRegex(found.why, why)
        self.assertTrue(found.why.isprintable())
        self.assertLess(len(found.why), 250)

    def refused(self, event: str, payload: Any) -> None:
        with self.assertRaises(PayloadError, msg=str(payload)) as caught:
            of(event, payload)
        self.assertTrue(str(caught.exception).isprintable())


class Pushes(EventCase):
    def test_push_of_a_branch_queues_its_commit(self) -> None:
        found = of("push", pushed(ref="refs/heads/feature/a"))
        self.assertEqual(found, Push(SHA, Ref("feature/a"), "webhook", before=BEFORE))
        found = of("push", pushed(after="a" * 64, before="b" * 64))
        self.assertEqual(found, Push("a" * 64, Ref("main"), "webhook", before="b" * 64))

    def test_push_need_not_tell_where_the_branch_was(self) -> None:
        payload = pushed()
        del payload["before"]
        self.assertEqual(of("push", payload), Push(SHA, Ref("main"), "webhook"))

    def test_deletion_of_a_branch_tells_where_it_was(self) -> None:
        gone = Deletion(Ref("main"), SHA)
        payload = pushed(deleted=True, before=SHA, after="0" * 40, head_commit=None)
        self.assertEqual(of("push", payload), gone)
        for length in (40, 64):
            self.assertEqual(of("push", pushed(before=SHA, after="0" * length)), gone)

    def test_deletion_of_a_tag_is_ignored(self) -> None:
        payload = pushed(ref="refs/tags/v1", deleted=True, after="0" * 40, head_commit=None)
        self.ignored("push", payload, "deleted", RULES._replace(tags=True))

    def test_tag_queues_its_commit_only_if_that_is_set(self) -> None:
        tag = pushed(ref="refs/tags/v1")
        self.ignored("push", tag, "CI_TAGS")
        rules = RULES._replace(tags=True)
        self.assertEqual(of("push", tag, rules), Push(SHA[::-1], Ref(""), "webhook"))
        self.ignored("push", tag | {"head_commit": None}, "no commit", rules)

    def test_other_references_are_ignored(self) -> None:
        for ref in ("refs/notes/a", "main", "", "refs/heads", "refs/\n\x1b[31m" + "x" * 999):
            self.ignored("push", pushed(ref=ref), "neither a branch nor a tag")

    def test_commit_or_branch_that_git_would_not_take_is_refused(self) -> None:
        for sha in ("", "a" * 39, "A" * 40, "--upload-pack=x", f"{SHA}\n", "a" * 65):
            self.refused("push", pushed(after=sha))
            self.refused("push", pushed(before=sha))
            self.refused("pull_request", requested("synchronize") | {"before": sha})
        for branch in ("", "-x", "a..b", "a b", "a\n", "HEAD", "../x", "a.lock", "x" * 256, "$\0"):
            self.refused("push", pushed(ref=f"refs/heads/{branch}"))

    def test_missing_and_wrong_values_are_refused(self) -> None:
        for name in ("ref", "before", "after", "deleted", "repository"):
            values: list[Any] = [None, 1, [], {}, {"full_name": 1}, [[]], 1.5]
            for wrong in values:
                self.refused("push", pushed() | {name: wrong})


class PullRequests(EventCase):
    def test_commit_of_an_own_branch_is_queued(self) -> None:
        for action in ("opened", "synchronize", "reopened", "ready_for_review"):
            found = of("pull_request", requested(action))
            self.assertEqual(found, Push(SHA, Ref("topic", 7), "webhook"))

    def test_newer_commit_of_a_pull_request_tells_where_its_branch_was(self) -> None:
        rules = RULES._replace(forks=(FORK,))
        for fork in (REPOSITORY, FORK):
            found = of("pull_request", requested("synchronize", fork) | {"before": "b" * 40}, rules)
            assert isinstance(found, Push)
            self.assertEqual(found.before, "b" * 40)

    def test_action_that_brings_no_commit_is_ignored(self) -> None:
        for action in ("closed", "labeled", "edited", "converted_to_draft", "x\n" * 99):
            self.ignored("pull_request", requested(action), "action")

    def test_fork_runs_only_if_it_is_named(self) -> None:
        self.ignored("pull_request", requested(fork=FORK), "CI_FORKS")
        rules = RULES._replace(forks=("a/b", FORK.upper()))
        found = of("pull_request", requested(fork=FORK), rules)
        self.assertEqual(found, Push(SHA, Ref("topic", 7, FORK.upper()), "webhook"))
        self.ignored("pull_request", requested(fork="a/bc"), "CI_FORKS", rules)

    def test_fork_that_was_deleted_is_ignored(self) -> None:
        self.ignored("pull_request", requested(fork=None), "deleted")

    def test_commit_or_branch_that_git_would_not_take_is_refused(self) -> None:
        heads: list[dict[str, Any]] = [
            {"sha": "a"},
            {"ref": "-x"},
            {"ref": None},
            {"sha": 1},
            {"repo": []},
            {"repo": {}},
        ]
        for head in heads:
            self.refused("pull_request", requested(**head))

    def test_missing_and_wrong_values_are_refused(self) -> None:
        for name in ("action", "number", "pull_request", "repository"):
            values: list[Any] = [None, [], {}, {"head": 1}, True, -1, 1.5]
            for wrong in values:
                self.refused("pull_request", requested() | {name: wrong})


class Others(EventCase):
    def test_other_repository_is_ignored(self) -> None:
        for payload in (pushed(), requested()):
            event = "pull_request" if "action" in payload else "push"
            other = payload | {"repository": {"full_name": "a/\x1b]0;b"}}
            self.ignored(event, other, "GITHUB_REPO is")

    def test_other_events_are_ignored_whatever_they_hold(self) -> None:
        for event in ("check_run", "merge_group", "release", "workflow_run", "unknown"):
            self.ignored(event, {"repository": 5}, "starts no run")


if __name__ == "__main__":
    unittest.main()
