"""Directories of checkouts that are gone, or that no run uses any more, may go."""

from __future__ import annotations

import fcntl
import os
import tempfile
import time
import unittest
from pathlib import Path

from lib.configuration import settings
from lib.configuration.reader import Reader
from lib.configuration.settings import Settings
from lib.git.checkout import MARKER
from lib.leftovers import stale_checkouts

DAY = 86_400.0


class StaleCheckouts(unittest.TestCase):
    def setUp(self) -> None:
        self.root = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.state = self.root / "state"

    def used(self, name: str, days: float = 0.0, place: int = 0) -> Settings:
        """Return the settings of a run on a checkout at a place, days ago."""
        checkout = self.root / name
        checkout.mkdir(exist_ok=True)
        environ = {"HOME": "/nonexistent", "CI_STATE_DIR": str(self.state)}
        config = settings.of_directory(Reader({"place": place}, environ, checkout))
        for path in (config.work_dir, config.worktree_dir):
            path.mkdir(parents=True)
        config.worktree_dir.with_name(config.worktree_dir.name + MARKER).touch()
        stale_checkouts.record(config)
        then = time.time() - days * DAY
        os.utime(self.state / "checkouts" / config.work_dir.name, (then, then))
        return config

    def found(self) -> dict[str, str]:
        """Return the paths that may go, below the state directory, with the reasons."""
        things = stale_checkouts.find(self.state, 30, time.time())
        return {str(thing.path.relative_to(self.state)): thing.why for thing in things}

    def clean(self) -> list[bool]:
        return [each.remove() for each in stale_checkouts.find(self.state, 30, time.time())]

    def test_checkout_that_is_there_and_was_used_lately_stays(self) -> None:
        self.assertEqual(self.found(), {})
        self.used("a", 29)
        self.assertEqual(self.found(), {})

    def test_checkout_that_is_gone_goes_at_once_with_all_that_is_its(self) -> None:
        gone, other = self.used("a"), self.used("b")
        gone.repo_dir.rmdir()
        key, why = gone.work_dir.name, f"its checkout {gone.repo_dir} is gone"
        self.assertEqual(self.found(), {f"work/{key}": why, f"worktrees/{key}": why})
        self.assertEqual(self.clean(), [True, True])
        self.assertFalse(any(key in path.name for path in self.state.glob("w*/*")))
        self.assertFalse((self.state / "checkouts" / key).exists())
        self.assertTrue(other.worktree_dir.exists())
        self.assertTrue((self.state / "locks" / f"{key}.lock").exists())  # a lock is state

    def test_checkout_that_no_run_has_used_for_long_goes(self) -> None:
        self.used("a", 31)
        self.assertEqual(set(self.found().values()), {"unused for more than 30 days"})

    def test_place_that_no_run_has_used_for_long_goes_alone(self) -> None:
        self.used("a")
        self.used("a", 29, place=1)
        unused = self.used("a", 31, place=2).work_dir.name
        self.assertEqual(set(self.found()), {f"work/{unused}", f"worktrees/{unused}"})

    def test_checkout_of_a_live_run_stays(self) -> None:
        config = self.used("a", 31)
        lock = config.locks[0]
        lock.parent.mkdir(exist_ok=True)
        with lock.open("w") as file:
            fcntl.flock(file, fcntl.LOCK_EX)
            self.assertEqual(self.clean(), [False, False])
        self.assertTrue(config.work_dir.exists())

    def test_directory_of_an_older_runner_goes_by_its_age(self) -> None:
        for name, days in (("old", 31), ("new", 29)):
            path = self.state / "work" / name
            path.mkdir(parents=True)
            then = time.time() - days * DAY
            os.utime(path, (then, then))
        self.assertEqual(list(self.found()), ["work/old"])

    def test_link_and_file_in_the_place_of_a_directory_stay(self) -> None:
        (self.state / "work").mkdir(parents=True)
        (self.state / "work" / "link").symlink_to(self.root)
        (self.state / "work" / "file").touch()
        self.assertEqual(self.found(), {})

    def test_damaged_record_counts_as_none(self) -> None:
        config = self.used("a", 31)
        record = self.state / "checkouts" / config.work_dir.name
        record.unlink()
        record.mkdir()
        self.assertEqual(self.found(), {})  # its directories were made just now


if __name__ == "__main__":
    unittest.main()
