"""The critical path goes gapless from the end of a run back to its beginning, and says why."""

from __future__ import annotations

import itertools
import math
import random
import unittest
from collections.abc import Sequence

from lib.model.job import Job
from lib.timeline.critical_path import critical_path
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from tests.support.fakes import Fate, Played, jobs, play
from tests.support.timelines import record

Fates = dict[str, Fate | Sequence[Fate]]


def told(run: RunRecord) -> str:
    """Return `kind job seconds; …`."""
    links = critical_path(run).links
    return "; ".join(f"{each.kind} {each.job or '-'} {each.seconds:.6g}" for each in links)


class Paths(unittest.TestCase):
    def path(self, played: Played, expected: str) -> None:
        self.assertEqual(told(record(played)), expected)

    def test_goes_through_the_need_that_was_met_last(self) -> None:
        run = play(jobs("a; b; c<a,b; d"), {"a": Fate(3), "b": Fate(5), "c": Fate(2), "d": Fate(6)})
        self.path(run, "run b 5; run c 2")

    def test_begins_before_the_jobs_and_ends_after_them(self) -> None:
        run = record(play(jobs("a"), {"a": Fate(3)}), before=4, after=3)
        self.assertEqual(told(run), "prepare - 4; run a 3; end - 3")
        self.assertAlmostEqual(critical_path(run).share, 0.3)

    def test_body_counts_until_its_output_was_written(self) -> None:
        declared = jobs("a; c<a:o", a={"outputs": {"o": "o"}})
        self.path(play(declared, {"a": Fate(5, writes={"o": 2}), "c": Fate(9)}), "run a 2; run c 9")

    def test_service_counts_until_it_was_ready_and_while_it_is_stopped(self) -> None:
        declared = jobs("s; c<s", s={"service": True, "outputs": {"o": "o"}})
        fates = {"s": Fate(math.inf, writes={"o": 2}, ignores_term=True), "c": Fate(4)}
        self.path(play(declared, fates), "serve s 2; run c 4; end s 5")

    def test_wait_for_a_slot_leads_to_the_job_that_freed_it(self) -> None:
        run = record(play(jobs("a; b"), {"a": Fate(5), "b": Fate(2)}, max_parallel=1))
        self.assertEqual(told(run), "run a 5; run b 2")
        self.assertEqual(critical_path(run).links[1].text, "waited for a free slot")

    def test_wait_for_a_pool_leads_to_a_job_that_held_it(self) -> None:
        cpu = {"resources": {"cpu": 2}}
        fates = {"a": Fate(5), "b": Fate(2), "x": Fate(5)}
        run = record(play(jobs("a; b; x", a=cpu, b=cpu), fates, pools={"cpu": 2}))
        self.assertEqual(told(run), "run a 5; run b 2")
        self.assertEqual(critical_path(run).links[1].text, "waited for cpu")

    def test_wait_for_a_place_that_no_job_of_the_run_freed_is_a_link(self) -> None:
        job = JobRecord(
            "a", resources={"port:1": 1}, ready_at=1.0, started=5.0, ended=6.0, waited_for="port:1"
        )
        job = job._replace(attempts=(AttemptSpan(1, 5.0, 6.0),))
        run = record(play(jobs("a"), {"a": Fate(6)}))._replace(jobs=(job,))
        self.assertEqual(told(run), "prepare - 1; pool a 4; run a 1")

    def test_delay_and_retries_are_links(self) -> None:
        declared = jobs("a; b", a={"delay": 2, "retries": 1, "retry_alone": True})
        fates: Fates = {"a": [Fate(1, code=1), Fate(3)], "b": Fate(5)}
        self.path(play(declared, fates), "delay a 2; run a 1; retry a 2; run a 3")

    def test_phases_lead_to_the_last_job_before(self) -> None:
        run = play(jobs("a; b; c"), {"a": Fate(4), "b": Fate(3), "c": Fate(1)}, first_jobs=["a"])
        self.path(run, "run a 4; run b 3")

    def test_second_pass_leads_to_the_last_job_of_the_first(self) -> None:
        fates = {"a": [Fate(1), Fate(5)], "b": [Fate(4), Fate(2)]}
        self.path(play(jobs("a; b"), fates, first_testcases="x"), "run b 4; run a 5")

    def test_job_that_is_restored_is_no_link(self) -> None:
        run = play(jobs("a; b<a"), {"b": Fate(2)}, restored={"a": "as before"})
        self.path(run, "run b 2")

    def test_job_that_runs_after_a_failure_continues_the_path(self) -> None:
        declared = jobs("a; b<a; c<b", c={"when": "always"})
        self.path(play(declared, {"a": Fate(3, code=1), "c": Fate(2)}), "run a 3; run c 2")

    def test_run_that_was_cut_off_has_one(self) -> None:
        self.path(
            play(jobs("a; b<a"), {"a": Fate(1), "b": Fate(99)}, timeout=5), "run a 1; run b 4.001"
        )


class AnyRun(unittest.TestCase):
    def sum_is_whole(self, run: RunRecord) -> None:
        links = critical_path(run).links
        self.assertAlmostEqual(sum(each.seconds for each in links), run.end - run.beginning)
        for one, other in itertools.pairwise(links):
            self.assertEqual(one.ended, other.began)

    def test_links_of_random_runs_sum_up_to_the_run(self) -> None:
        draw = random.Random(7)
        for _ in range(200):
            declared: list[Job] = []
            fates: dict[str, Fate] = {}
            for number in range(draw.randint(1, 9)):
                name = f"j{number}"
                needs = [each.name for each in draw.sample(declared, min(number, 2))]
                fates[name] = Fate(draw.uniform(0, 9), draw.choice([0, 0, 0, 1]))
                service = draw.random() < 0.2
                if service:
                    fates[name] = Fate(draw.uniform(0, 3), leaves=math.inf)
                declared.append(
                    Job(
                        name,
                        "true",
                        needs,
                        delay=draw.choice([0, 0, 1]),
                        service=service,
                        resources={"cpu": draw.randint(0, 2)},
                        retries=draw.randint(0, 1),
                        when=draw.choice(["success", "always"]),
                    )
                )
            played = play(declared, fates, pools={"cpu": 2}, max_parallel=draw.choice([None, 2]))
            self.sum_is_whole(record(played, before=draw.uniform(0, 9), after=draw.uniform(0, 9)))

    def test_empty_run_and_one_without_jobs_have_one(self) -> None:
        self.assertEqual(critical_path(RunRecord()).links, ())
        self.sum_is_whole(RunRecord(before=3.0, seconds=4.0))

    def test_damaged_record_ends_as_well(self) -> None:
        span = AttemptSpan(1, 0.0, 5.0, "passed")
        each = {"attempts": (span,), "started": 0.0, "ended": 5.0, "ready_at": 5.0}
        a = JobRecord("a", ("b",), freed_by="b", **each)  # type: ignore[arg-type]
        b = JobRecord("b", ("a",), freed_by="a", **each)  # type: ignore[arg-type]
        self.sum_is_whole(RunRecord(jobs=(a, b), seconds=6.0, now=5.0))

    def test_run_of_many_jobs_has_one(self) -> None:
        chain = "; ".join(["j0", *(f"j{n}<j{n - 1}" for n in range(1, 2000))])
        links = critical_path(record(play(jobs(chain)))).links
        self.assertEqual(len(links), 2000)


if __name__ == "__main__":
    unittest.main()
