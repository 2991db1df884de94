"""What got slower, faster or flaky between runs."""

from __future__ import annotations

import unittest

from lib.diagnosis.comparison import compare
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord


def run(jobs: str, tree: str = "") -> RunRecord:
    """Return a run of jobs such as `a=passed/2.5`: outcome and seconds."""
    made = []
    for word in jobs.split():
        name, _, end = word.partition("=")
        outcome, _, seconds = end.partition("/")
        tried = (AttemptSpan(1, 1.0, 1.0 + float(seconds)),) if seconds else ()
        made.append(JobRecord(name, outcome=outcome.replace("-", " "), attempts=tried))
    return RunRecord(jobs=tuple(made), header={"tree": tree})


class Compare(unittest.TestCase):
    def test_change_is_notable_if_it_is_more_than_chance(self) -> None:
        old = run("a=passed/10 b=passed/10 c=passed/0.1 d=passed/10 e=passed/10")
        new = run("a=passed/12 b=passed/10.9 c=passed/0.5 d=passed/7 e=passed/13")
        found = compare([old, new])
        self.assertEqual([(job.name, job.change) for job in found.slower], [("e", 3), ("a", 2)])
        self.assertEqual([(job.name, job.change) for job in found.faster], [("d", -3)])

    def test_seconds_of_failures_and_of_restored_jobs_do_not_compare(self) -> None:
        found = compare([run("a=passed/10 b=passed/10"), run("a=failed/1 b=restored/1")])
        self.assertEqual((found.slower, found.faster), ((), ()))
        self.assertFalse(found.unchanged)
        self.assertTrue(compare([run("a=failed/27 b=passed/1"), run("a=failed/3")]).unchanged)

    def test_other_end_is_one_that_is_green_once_only(self) -> None:
        old = run("a=passed/1 b=passed/1 c=restored d=failed/1 e=skipped f=passed")
        new = run("a=flaky/1 b=timed-out/1 c=passed/1 d=failed/1 e=passed/1")
        found = compare([old, new])
        self.assertEqual([job.name for job in found.other_ends], ["b", "e"])

    def test_job_without_a_part_in_one_run_has_no_other_end(self) -> None:
        old, new = run("a=passed/1 b=passed c=failed"), run("a=passed/1")
        left_out = JobRecord("c", outcome="skipped", cause="filtered")
        found = compare([old, new._replace(jobs=(*new.jobs, left_out))])
        self.assertEqual((found.other_ends, found.not_in_all), ((), ("c", "b")))

    def test_job_is_flaky_by_itself_or_by_two_ends_on_one_tree(self) -> None:
        first, second = (
            run("a=passed b=failed c=flaky", "t"),
            run("a=failed b=failed c=passed", "t"),
        )
        self.assertEqual(compare([first, second]).flaky, ("a", "c"))
        self.assertEqual(compare([first, run("a=failed", "u")]).flaky, ("c",))
        self.assertEqual(compare([run("a=passed"), run("a=failed")]).flaky, ())

    def test_oldest_and_newest_of_several_runs_are_compared(self) -> None:
        found = compare([run("a=passed/10"), run("a=passed/30"), run("a=passed/20 b=passed/1")])
        self.assertEqual([job.name for job in found.jobs], ["a", "b"])
        self.assertEqual(found.jobs[0].seconds, (10, 30, 20))
        self.assertEqual(found.jobs[0].change, 10)


if __name__ == "__main__":
    unittest.main()
