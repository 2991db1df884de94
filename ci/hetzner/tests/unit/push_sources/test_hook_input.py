"""Each pushed branch becomes a push for the queue; nothing else does."""

from __future__ import annotations

import unittest

from lib.commit_queue.entry import Deletion, Push, Ref
from lib.push_sources.hook_input import options, pushes

OLD, NEW, NONE = "1" * 40, "2" * 40, "0" * 40


def queued(*lines: str) -> list[tuple[str, str]]:
    return [(p.ref.branch, p.sha) for p in pushes(lines) if isinstance(p, Push)]


class Received(unittest.TestCase):
    def test_new_and_moved_branches_are_queued_in_the_order_of_git(self) -> None:
        lines = (f"{OLD} {NEW} refs/heads/b/c\n", f"{NONE} {OLD} refs/heads/a\n")
        self.assertEqual(queued(*lines), [("b/c", NEW), ("a", OLD)])
        self.assertEqual(queued(f"{NONE} {'2' * 64} refs/heads/a\n"), [("a", "2" * 64)])

    def test_other_references_are_left_out(self) -> None:
        lines = (f"{OLD} {NEW} refs/tags/v1", f"{OLD} {NONE} refs/tags/v1", f"{OLD} {NEW} HEAD")
        self.assertEqual(list(pushes(lines)), [])

    def test_gone_branch_is_told_with_the_commit_where_it_was(self) -> None:
        gone = Deletion(Ref("a", fork="pushed"), OLD)
        for none in (NONE, "0" * 64):
            self.assertEqual(list(pushes([f"{OLD} {none} refs/heads/a"])), [gone])

    def test_push_is_private_it_posts_no_status_and_supersedes_no_branch_of_github(self) -> None:
        (push,) = pushes([f"{OLD} {NEW} refs/heads/main"])
        place = Ref("main", fork="pushed")
        self.assertEqual(push, Push(NEW, place, "hook", speaks=False, before=OLD))

    def test_what_cannot_be_queued_is_told_in_one_line(self) -> None:
        for line in ("", "\n", "x", f"{OLD} {NEW}", f"{OLD} {NEW} refs/heads/-a",
                     f"{OLD} zz refs/heads/a", f"{OLD} {NEW} refs/heads/\udcff\x1b[2J",
                     f"{OLD} {NEW} refs/heads/" + "a" * 300):  # fmt: skip
            (told,) = pushes([line])
            assert isinstance(told, str)
            self.assertTrue(told.isprintable(), told)
            self.assertLess(len(told), 300)

    def test_options_of_the_push_are_those_that_git_counts(self) -> None:
        given = {"GIT_PUSH_OPTION_COUNT": "2", "GIT_PUSH_OPTION_0": "wait"}
        self.assertEqual(options({**given, "GIT_PUSH_OPTION_1": "b=c"}), ["wait", "b=c"])
        for count in ("", "-1", "x"):
            self.assertEqual(options({**given, "GIT_PUSH_OPTION_COUNT": count}), [], count)
        self.assertEqual(options({}), [])
        self.assertEqual(len(options({"GIT_PUSH_OPTION_COUNT": "9" * 9})), 100)
