"""The longest remaining path of a job, by usual durations."""

from __future__ import annotations

import unittest

from lib.model import urgency
from tests.support.fakes import jobs


class UrgencyTest(unittest.TestCase):
    def test_without_any_record_a_job_counts_as_a_second(self) -> None:
        self.assertEqual(urgency.usual(["a"], {}), 1)
        self.assertEqual(urgency.usual(["a"], {"b": 9}), 1)

    def test_a_path_is_the_longest_and_holds_the_delays(self) -> None:
        declared = jobs("a; b<a; c<a", b={"delay": 3})
        by_name = {job.name: job for job in declared}
        paths = urgency.remaining_paths(by_name, {"a": 1, "b": 2, "c": 4})
        self.assertEqual(paths, {"a": 6, "b": 5, "c": 4})


if __name__ == "__main__":
    unittest.main()
