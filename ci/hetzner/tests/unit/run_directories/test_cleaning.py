"""A clean-up removes what the limits say, one process at a time, and nothing else."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import tempfile
import time
import unittest
from pathlib import Path
from unittest import mock

from lib.common import tree_copy
from lib.common.waste import Waste
from lib.processes import process_table
from lib.run_directories import cleaning, commit_links, run_index
from lib.run_directories.retention import Limits
from lib.run_directories.run_store import RunStore

SHA = "abc1234" + "0" * 33


class CleaningTest(unittest.TestCase):
    def setUp(self) -> None:
        self.store = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.runs = self.store / "runs"
        self.made = 0

    def run_of(self, sha: str = "", *, days: float = 0.0, whole: bool = False) -> Path:
        """Make a run that began days ago and has ended."""
        self.made += 1
        began = time.time() - days * 86_400 + self.made
        store = RunStore(self.store)
        with mock.patch("time.time", return_value=began), store.begin(sha, "x") as logs:
            told = {"sha": sha, "asked_for_all": whole, "exit_code": 0, "branch": "main"}
            (logs.path / "summary.json").write_text(json.dumps(told))
            (logs.path / "ci.log").write_text("x" * 5000)
            store.publish(logs.path, sha, whole=whole)
        return logs.path

    def clean(self, **limits: int) -> list[str]:
        removed = cleaning.clean(self.store, Limits(**limits))
        self.assertEqual(removed.notes, [])
        return [thing.path.name for thing in removed.gone]

    def there(self) -> set[str]:
        return {path.name for path in self.runs.iterdir()} - {run_index.INDEX}


class Runs(CleaningTest):
    def test_old_runs_go_and_the_others_stay(self) -> None:
        old, new = self.run_of(days=31), self.run_of(days=29)
        self.assertEqual(self.clean(), [old.name])
        self.assertEqual(self.there(), {new.name})
        self.assertEqual(self.clean(), [])

    def test_empty_and_missing_stores_are_clean(self) -> None:
        self.assertEqual(self.clean(), [])
        shutil.rmtree(self.store)
        self.assertEqual(self.clean(), [])

    def test_live_run_stays_whatever_the_limits(self) -> None:
        with RunStore(self.store).begin("", "live") as logs:
            self.assertEqual(self.clean(days=0, runs=0, bytes=0), [])
            self.assertTrue(logs.path.is_dir())
        (logs.path / "ci.log").touch()
        self.assertEqual(self.clean(runs=0), [logs.path.name])

    def test_live_run_stays_whose_lock_a_job_has_removed(self) -> None:
        run = process_table.run_id(process_table.table(), os.getpid())
        with RunStore(self.store).begin("", "live") as logs:
            (logs.path / ".lock").unlink()
            for summary, gone in (
                ({"run": run, "state": "running"}, []),
                ({"run": run, "state": "ended", "exit_code": 0}, [logs.path.name]),
            ):
                (logs.path / "summary.json").write_text(json.dumps(summary))
                self.assertEqual(self.clean(days=0, runs=0, bytes=0), gone)

    def test_run_that_began_after_it_was_looked_at_stays(self) -> None:
        path = self.run_of()
        self.clean()
        with (path / ".lock").open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertEqual(self.clean(runs=0), [])
        self.assertTrue(path.is_dir())

    def test_sizes_count_and_are_remembered(self) -> None:
        paths = [self.run_of() for _ in range(3)]
        self.assertEqual(self.clean(bytes=45_000), [paths[0].name])
        with mock.patch.object(run_index, "_look_at") as look:
            self.assertEqual(self.clean(bytes=25_000), [paths[1].name])
        look.assert_not_called()

    def test_run_that_was_looked_at_while_it_was_made_is_looked_at_again(self) -> None:
        path = self.run_of()
        kept = [(path / name, (path / name).read_bytes()) for name in ("summary.json", "ci.log")]
        for file, _ in kept:
            file.unlink()
        self.assertFalse(run_index.known(self.store)[0].begun)
        for file, content in kept:
            file.write_bytes(content)
        (found,) = run_index.known(self.store)
        self.assertTrue(found.begun)
        self.assertGreater(found.size, 5000)

    def test_damaged_index_is_made_anew(self) -> None:
        path = self.run_of()
        for text in ("{", "[[1]]", "{}", '[["x", 0.0, 0, 0, 0, 0, 0, 0]]', "[" * 100_000, "3"):
            (self.runs / run_index.INDEX).write_text(text)
            self.assertEqual([run.name for run in run_index.known(self.store)], [path.name])
        (self.runs / run_index.INDEX).unlink()
        (self.runs / run_index.INDEX).mkdir()
        self.assertEqual(self.clean(runs=0), [path.name])

    def test_half_removed_run_is_removed_by_the_next_clean_up(self) -> None:
        path = self.run_of()
        self.run_of()
        with mock.patch.object(tree_copy, "remove", side_effect=OSError(5, "broken")):
            (note,) = cleaning.clean(self.store, Limits(runs=1)).notes
        self.assertIn("could not be removed: [Errno 5] broken", note)
        self.assertEqual(self.clean(), [f".going-{path.name}"])

    def test_directory_without_rights_is_removed(self) -> None:
        path = self.run_of()
        (path / "kept" / "a").mkdir(parents=True)
        (path / "kept" / "a" / "x").touch()
        (path / "kept" / "a").chmod(0o500)
        self.assertEqual(self.clean(runs=0), [path.name])

    def test_one_process_at_a_time_cleans_and_the_other_does_not_wait(self) -> None:
        self.run_of()
        with cleaning.alone(self.store):
            self.assertEqual(self.clean(runs=0), [])
        self.assertEqual(len(self.clean(runs=0)), 1)

    def test_budget_that_is_used_up_leaves_the_rest_to_the_next(self) -> None:
        for _ in range(3):
            self.run_of()
        removed = cleaning.clean(self.store, Limits(runs=0), budget=0)
        self.assertEqual(len(removed.gone), 1)
        self.assertEqual(len(self.clean(runs=0)), 2)

    def test_further_things_go_and_a_broken_finder_is_a_note(self) -> None:
        thing = self.store / "thing"
        thing.touch()

        def find(now: float) -> list[Waste]:
            return [Waste(thing, 0, "old", remove)]

        def remove() -> bool:
            thing.unlink()
            return True

        self.assertEqual(cleaning.clean(self.store, Limits(), find).gone[0].path, thing)
        self.assertFalse(thing.exists())
        (note,) = cleaning.clean(self.store, Limits(), find).notes
        self.assertIn("thing could not be removed", note)

        def broken(now: float) -> list[Waste]:
            raise RuntimeError("a bug")

        (note,) = cleaning.clean(self.store, Limits(), broken).notes
        self.assertIn("could not be cleaned up: a bug", note)


class Links(CleaningTest):
    def test_link_follows_when_its_run_goes(self) -> None:
        self.run_of(SHA, whole=True, days=100)
        part = self.run_of(SHA)
        self.assertEqual(len(self.clean()), 2)  # the run and its link
        self.assertEqual(commit_links.target(self.store, SHA), part.name)

    def test_link_of_a_commit_without_runs_goes(self) -> None:
        path = self.run_of(SHA, days=31)
        self.assertEqual(self.clean(), [path.name, SHA])
        self.assertEqual(list((self.store / "logs").iterdir()), [])

    def test_directories_of_older_runners_are_runs(self) -> None:
        for number, name in enumerate((SHA, "unresolved-0123456789ab", "-rf\n")):
            old = self.store / "logs" / name
            old.mkdir(parents=True)
            (old / "ci.log").touch()
            os.utime(old / "ci.log", (number, time.time() - 60 * number))
        self.assertEqual(self.clean(), [])
        commits = [run.key.commit for run in RunStore(self.store).runs()]
        self.assertEqual(commits, ["abc1234", "nocommit", "nocommit"])
        self.assertEqual([p.name for p in (self.store / "logs").iterdir()], [SHA])


if __name__ == "__main__":
    unittest.main()
