"""Each run has its own directory, and logs/<sha> leads to the one that speaks for its commit."""

from __future__ import annotations

import json
import os
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from lib.run_directories import commit_links, run_name
from lib.run_directories.run_store import RunStore

SHA, OTHER = "abc1234" + "0" * 33, "abc9999" + "0" * 33
NOON = 1_700_000_000.0  # 2023-11-14 22:13:20 UTC


class StoreTest(unittest.TestCase):
    def setUp(self) -> None:
        self.place = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.store = RunStore(self.place)
        self.now = NOON
        self.enterContext(mock.patch("time.time", lambda: self.now))

    def ended(self, sha: str = SHA, *, whole: bool = True, **fields: object) -> Path:
        """Make a run of a commit that has begun and ended; a second passes."""
        self.now += 1
        with self.store.begin(sha, "a test") as logs:
            told = {"sha": sha, "asked_for_all": whole, "exit_code": 0, **fields}
            (logs.path / "summary.json").write_text(json.dumps(told))
            self.store.publish(logs.path, sha, whole=whole)
        return logs.path

    def linked(self, sha: str = SHA) -> str:
        """Return the name of the run that the link of a commit leads to."""
        link = self.place / "logs" / sha
        self.assertEqual(link.readlink().parent, Path("../runs"))
        return link.resolve().name


class Directories(StoreTest):
    def test_name_tells_the_time_and_the_commit(self) -> None:
        with self.store.begin(SHA, "x") as first, self.store.begin(SHA, "x") as second:
            self.assertEqual(first.path, self.place / "runs" / "20231114T221320Z-abc1234")
            self.assertEqual(second.path.name, "20231114T221320Z-abc1234-2")
        with self.store.begin("no commit", "x") as third:
            self.assertEqual(third.path.name, "20231114T221320Z-nocommit")

    def test_run_is_live_until_its_end(self) -> None:
        with self.store.begin(SHA, "x"):
            (run,) = self.store.runs()
            self.assertEqual((run.live, run.state, run.started), (True, "running", NOON))
        self.assertEqual((run.live, run.state), (False, "unknown"))

    def test_runs_are_listed_the_newest_first_and_nothing_else_is(self) -> None:
        self.assertEqual(self.store.runs(), [])
        names = [self.ended().name for _ in range(12)]
        with self.store.begin(SHA, "x") as same_second:
            names.append(same_second.path.name)
        (self.place / "runs" / "20231114T221320Z-abc1234-x").mkdir()
        (self.place / "runs" / "20231114T221320Z-abcdef0").touch()
        (self.place / "runs" / "20231114T221320Z-abcdef1").symlink_to("/")
        self.assertEqual([run.name for run in self.store.runs()], names[::-1])

    def test_numbers_are_in_their_order(self) -> None:
        names = [run_name.of(SHA, NOON, number) for number in (1, 2, 9, 10, 11)]
        self.assertEqual(sorted(names), names)
        self.assertEqual([run_name.parse(str(name)) for name in names], names)

    def test_hostile_names_are_no_runs(self) -> None:
        for name in ("", "..", "20231114T221320Z", "20231114T221320Z-ABC1234", "x\n", "-x"):
            self.assertIsNone(run_name.parse(name))
        found = run_name.parse("99999999T999999Z-abc1234")
        assert found
        self.assertEqual(found.started, 0)


class States(StoreTest):
    def test_state_follows_from_the_summary(self) -> None:
        path = self.ended()
        for text, state in (
            ('{"exit_code": 0}', "passed"),
            ('{"exit_code": 1}', "failed"),
            ('{"exit_code": null}', "cut off"),
            ("{", "unknown"),
            ("[]", "unknown"),
            ("[" * 100_000, "unknown"),
        ):
            (path / "summary.json").write_text(text)
            self.assertEqual(self.store.find("last").state, state, text[:20])
        (path / "summary.json").unlink()
        os.mkfifo(path / "summary.json")
        self.assertEqual(self.store.find("last").state, "unknown")


class Links(StoreTest):
    def test_newest_run_of_all_jobs_has_the_link_else_the_newest(self) -> None:
        for whole, takes in ((False, True), (False, True), (True, True), (False, False)):
            path = self.ended(whole=whole)
            self.assertEqual(self.linked() == path.name, takes)
        path = self.ended()
        self.assertEqual(self.linked(), path.name)

    def test_link_of_a_killed_writer_is_replaced(self) -> None:
        logs = self.place / "logs"
        logs.mkdir()
        (logs / commit_links.NEXT).symlink_to("../runs/of-a-killed-writer")
        path = self.ended()
        self.assertEqual(self.linked(), path.name)
        self.assertEqual([entry.name for entry in logs.iterdir()], [SHA])

    def test_older_run_that_publishes_later_does_not_take_the_link(self) -> None:
        first, second = self.ended(), self.ended()
        self.store.publish(first, SHA, whole=True)
        self.assertEqual(self.linked(), second.name)

    def test_link_to_a_run_that_is_gone_is_set_anew(self) -> None:
        (self.place / "logs").mkdir()
        (self.place / "logs" / SHA).symlink_to("../runs/20231114T221320Z-abc1234")
        self.assertEqual(self.linked(), "20231114T221320Z-abc1234")
        path = self.ended(whole=False)
        self.assertEqual(self.linked(), path.name)

    def test_link_to_elsewhere_is_replaced_and_not_followed(self) -> None:
        (self.place / "logs").mkdir()
        (self.place / "logs" / SHA).symlink_to("/")
        path = self.ended(whole=False)
        self.assertEqual(self.linked(), path.name)

    def test_word_that_is_no_commit_has_no_link(self) -> None:
        for word in ("", "HEAD", "../../x", "abc1234"):
            self.ended(word)
        self.assertFalse((self.place / "logs").exists())

    def test_link_that_cannot_be_made_stops_no_run(self) -> None:
        (self.place / "logs").write_text("in the way")
        self.assertTrue(self.ended().is_dir())

    def test_directory_of_an_older_runner_is_moved_once_and_nothing_of_it_is_lost(self) -> None:
        old = self.place / "logs" / SHA
        old.mkdir(parents=True)
        (old / "ci.log.1").write_text("older")
        (old / "summary.json").write_text('{"whole": true, "exit_code": 1}')
        os.utime(old / "summary.json", (NOON, NOON))
        self.ended(whole=False)
        self.assertEqual(self.linked(), "20231114T221320Z-abc1234")
        moved = self.store.find(self.linked())
        self.assertEqual(moved.state, "failed")
        self.assertEqual((moved.path / "ci.log.1").read_text(), "older")
        self.assertEqual(len(self.store.runs()), 2)


class Find(StoreTest):
    def test_run_is_found_by_each_of_its_words(self) -> None:
        first = self.ended(branch="main").name
        second = self.ended(whole=False).name
        third = self.ended(OTHER).name
        for word, name in (
            (first, first),
            (second[:16], second),
            (SHA, first),
            (SHA[:12], first),
            (OTHER[:5], third),
            ("last", third),
        ):
            self.assertEqual(self.store.find(word).name, name, word)

    def test_word_of_several_runs_is_refused_with_their_names(self) -> None:
        third = "abc1999" + "0" * 33
        names = [self.ended(sha).name for sha in (SHA, OTHER, third)]
        for word, meant in (("2023", names), ("abc1", [names[0], names[2]])):
            with self.assertRaises(LookupError) as caught:
                self.store.find(word)
            self.assertEqual(
                [name in str(caught.exception) for name in names], [name in meant for name in names]
            )

    def test_unknown_word_is_refused_with_the_nearest(self) -> None:
        with self.assertRaisesRegex(LookupError, "found none in"):
            self.store.find("last")
        name = self.ended().name
        for word in (name[:-1] + "9", "lsat", "", "\x1b[2J\n", "../x", "deadbeef"):
            with self.assertRaises(LookupError) as caught:
                self.store.find(word)
            self.assertIn("the nearest: ", str(caught.exception))
            self.assertTrue(str(caught.exception).isprintable())


if __name__ == "__main__":
    unittest.main()
