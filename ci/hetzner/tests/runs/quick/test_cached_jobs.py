"""A cache that answers for a job: it restores in place of running, and is filled by a pass."""

from __future__ import annotations

import unittest

from dsl import Cache, Job
from tests.support.run_case import RunTest


class CacheRuns(RunTest):
    def test_hit_restores_without_running_and_pass_stores(self) -> None:
        def job() -> Job:
            cache = Cache("cat key", "out", "store")
            return Job("a", "echo ran >> ran; cat key > out", outputs={"o": "out"}, cache=cache)

        (self.cwd / "key").write_text("1")
        self.assertEqual(self.run_jobs(job()), (0, "a=passed"))
        (self.cwd / "out").unlink()
        self.assertEqual(self.run_jobs(job()), (0, "a=restored"))
        self.assertEqual((self.cwd / "out").read_text(), "1")
        (self.cwd / "key").write_text("2")
        self.assertEqual(self.run_jobs(job()), (0, "a=passed"))
        self.assertEqual((self.cwd / "ran").read_text(), "ran\nran\n")


if __name__ == "__main__":
    unittest.main()
