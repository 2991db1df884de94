"""What would have made a job start earlier."""

from __future__ import annotations

import unittest
from typing import Any

from lib.diagnosis.earlier_start import chain, gains, met
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord


def job(
    name: str, started: float, ended: float, needs: tuple[str, ...] = (), **fields: Any
) -> JobRecord:
    made = JobRecord(
        name,
        depends_on=needs,
        started=started,
        ended=ended,
        ready_at=started,
        attempts=(AttemptSpan(1, started, ended),),
        outcome="passed",
    )
    return made._replace(**fields)


LINT = job("lint", 0.0, 4.0)
BUILD = job("build", 1.0, 10.0, usual=6.0, ready_at=0.0, waited_for="a free slot")


class Gains(unittest.TestCase):
    def told(self, one: JobRecord, *others: JobRecord) -> list[tuple[float, str]]:
        record = RunRecord(jobs=(*others, one))
        return [(gain.seconds, gain.text) for gain in gains(record, one)]

    def test_critical_dependency_helps_until_the_next_one_holds_the_job_back(self) -> None:
        test = job("test", 10.0, 12.0, ("lint", "build"), freed_by="build")
        self.assertEqual(
            self.told(test, LINT, BUILD),
            [
                (6.0, "build earlier, then lint holds it back"),
                (3.0, "build in its usual 6.0 s"),
                (1.0, "no wait for a free slot of build"),
            ],
        )

    def test_slot_pool_and_delay_are_gains(self) -> None:
        waiting = job(
            "a", 5.0, 6.0, ready_at=1.0, delay=1.5, waited_for="cpu", resources={"cpu": 1}
        )
        self.assertEqual(self.told(waiting), [(2.5, "no wait for cpu"), (1.5, "no delay of 1.5 s")])

    def test_nothing_helps_a_job_that_started_at_once(self) -> None:
        self.assertEqual(self.told(LINT), [])

    def test_nothing_helps_a_job_that_did_not_start(self) -> None:
        skipped = JobRecord("a", depends_on=("lint",), outcome="skipped")
        self.assertEqual(self.told(skipped, LINT), [])

    def test_output_frees_a_job_before_its_dependency_ends(self) -> None:
        early = BUILD._replace(outputs={"js": 3.0})
        record = RunRecord(jobs=(early,))
        self.assertEqual((met(record, "build:js"), met(record, "build")), (3.0, 10.0))
        test = job("test", 3.0, 12.0, ("build:js",), freed_by="build:js")
        self.assertEqual(self.told(test, early)[0], (3.0, "build:js earlier"))

    def test_service_frees_others_when_it_is_ready(self) -> None:
        server = job("server", 0.0, 20.0, service=True, served_at=2.0)
        self.assertEqual(met(RunRecord(jobs=(server,)), "server"), 2.0)


class Chain(unittest.TestCase):
    def test_needs_that_freed_each_other_are_listed_up_to_the_job(self) -> None:
        build = BUILD._replace(outputs={"js": 7.0})
        test = job("test", 10.0, 12.0, ("build:js",), freed_by="build:js")
        end = job("end", 12.0, 13.0, ("test",), freed_by="test")
        found = chain(RunRecord(jobs=(build, test, end)), end)
        self.assertEqual(found, [("build:js", 6.0), ("test", 2.0)])

    def test_damaged_record_that_goes_round_ends(self) -> None:
        a, b = job("a", 0, 1, freed_by="b"), job("b", 0, 1, freed_by="a")
        self.assertEqual(len(chain(RunRecord(jobs=(a, b)), a)), 1)


if __name__ == "__main__":
    unittest.main()
