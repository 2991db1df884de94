"""The trace of a run: in the Trace Event Format, and with what the run was."""

from __future__ import annotations

import json
import unittest
from pathlib import Path
from typing import Any

from lib.report.run_inputs import RunInputs
from lib.sampling.samples import JobSamples, Samples
from lib.timeline.run_record import AttemptSpan, JobRecord, RunRecord
from lib.views import trace
from tests.support.trace_case import TraceCase

HOSTILE = '</script>"\\\n\x1b[31m\u202e'
BUILD = JobRecord(
    "build",
    resources={"cpu": 2},
    outcome="passed",
    attempts=(AttemptSpan(1, 0.0, 10.0, "passed"),),
    ready_at=0.0,
    outputs={"wheel": 6.0},
    started=0.0,
    ended=10.0,
    log="build.log",
)
TEST = JobRecord(
    "test",
    ("build:wheel",),
    resources={"cpu": 1},
    outcome="flaky",
    attempts=(
        AttemptSpan(1, 7.0, 8.0, "failed", "exit", 1, "exit code 1", again=True),
        AttemptSpan(2, 9.0, 12.0, "passed"),
    ),
    ready_at=6.0,
    freed_by="build",
    waited_for="cpu",
    started=7.0,
    ended=12.0,
)
NEVER = JobRecord("never", ("test",), outcome="skipped", reason="test failed")
RUN = RunRecord(
    run="20261130T144156Z-0000000",
    header={"sha": "0" * 40},
    before=2.0,
    seconds=15.0,
    now=13.0,
    exit_code=0,
    verdict="exit code 0",
    jobs=(BUILD, TEST, NEVER),
)
SAMPLES = Samples(
    (0.1, 0.2, 0.3),
    (0.5, 1.0, 0.25),
    (0.0, 0.1, 0.0),
    (5 << 20, 6 << 20, 7 << 20),
    9 << 20,
    2,
    {
        "build": JobSamples((1.0, 2.0), (0.5, 2.0), (1 << 20, 2 << 20), (1, 3)),
        "stranger": JobSamples(),
    },
)


class Trace(TraceCase):
    def events(self, record: RunRecord, samples: Samples | None = None) -> list[dict[str, Any]]:
        return self.checked(trace.view(RunInputs(record, Path(), samples=samples)))

    def of_track(self, found: list[dict[str, Any]], name: str) -> list[tuple[Any, ...]]:
        """Return phase, seconds, length and name of what is on a track."""
        (track,) = (
            (event["pid"], event["tid"])
            for event in found
            if event["name"] == "thread_name" and event["args"]["name"] == name
        )
        return [
            (event["ph"], event["ts"] / 1e6, event.get("dur", 0) / 1e6, event["name"])
            for event in found
            if (event["pid"], event["tid"]) == track and event["ph"] in "Xi"
        ]

    def test_job_has_its_waits_and_attempts_in_order_and_its_outputs(self) -> None:
        found = self.events(RUN)
        expected = [("X", 2.0, 10.0, "build"), ("i", 8.0, 0.0, "output wheel")]
        self.assertEqual(self.of_track(found, "build"), expected)
        self.assertEqual(
            self.of_track(found, "test"),
            [
                ("X", 2.0, 6.0, "waits: build"),
                ("X", 8.0, 1.0, "waits: cpu"),
                ("X", 9.0, 1.0, "test"),
                ("X", 10.0, 1.0, "waits: attempt 2"),
                ("X", 11.0, 3.0, "test, attempt 2"),
            ],
        )
        self.assertEqual(self.of_track(found, "never"), [])

    def test_attempt_tells_its_outcome(self) -> None:
        bars = [event for event in self.events(RUN) if event["ph"] == "X"]
        expected = {"outcome": "failed", "cause": "exit", "reason": "exit code 1", "exit code": 1}
        (failed,) = (bar for bar in bars if bar["args"].get("outcome") == "failed")
        self.assertEqual(failed["name"], "test")
        self.assertEqual(failed["args"], {**expected, "resources": {"cpu": 1}})

    def test_critical_path_has_a_track_as_long_as_the_run(self) -> None:
        path = self.of_track(self.events(RUN), "critical path")
        self.assertAlmostEqual(sum(length for _, _, length, _ in path), 15.0, places=3)
        self.assertIn("build", [name for *_, name in path])

    def test_arrow_comes_from_the_job_that_was_waited_for_last(self) -> None:
        start, end = (event for event in self.events(RUN) if event["ph"] in "sf")
        self.assertEqual((start["tid"], start["ts"], end["tid"], end["ts"]), (1, 8e6, 2, 9e6))

    def counters(self, found: list[dict[str, Any]], name: str) -> list[tuple[float, Any]]:
        return [
            (event["ts"] / 1e6, *event["args"].values())
            for event in found
            if event["ph"] == "C" and event["name"] == name
        ]

    def test_pools_are_counted_as_attempts_hold_them(self) -> None:
        found = self.counters(self.events(RUN), "cpu")
        self.assertEqual(found, [(2, 2), (9, 3), (10, 2), (11, 3), (12, 1), (14, 0)])

    def test_share_is_told_from_the_moment_on_at_which_it_began(self) -> None:
        found = self.events(RUN, SAMPLES)
        shares = [(2.0, 50.0, 0.0), (2.1, 100.0, 10.0), (2.2, 25.0, 0.0)]
        self.assertEqual(self.counters(found, "processors (%)"), shares)
        self.assertEqual(self.counters(found, "memory (MiB)"), [(2.0, 5), (2.1, 6), (2.2, 7)])

    def test_processes_of_a_job_are_counted_until_its_end(self) -> None:
        found = self.events(RUN, SAMPLES)
        busy = [(2.0, 0.5), (3.0, 1.5), (12.0, 0.0)]
        self.assertEqual(self.counters(found, "build: processors"), busy)
        self.assertEqual(self.counters(found, "build: processes"), [(2, 1), (3, 3), (12, 0)])
        self.assertNotIn("stranger", json.dumps(found))

    def test_run_that_goes_on_ends_now(self) -> None:
        begun = BUILD._replace(outcome="", attempts=(AttemptSpan(1, 0.0),), ended=None)
        record = RUN._replace(seconds=None, exit_code=None, verdict="", now=4.0, jobs=(begun,))
        self.assertEqual(self.of_track(self.events(record), "build")[0], ("X", 2.0, 4.0, "build"))

    def test_names_may_be_any_text(self) -> None:
        job = BUILD._replace(name=HOSTILE, outputs={HOSTILE: 1.0}, resources={HOSTILE: 1})
        other = TEST._replace(freed_by=HOSTILE, waited_for=HOSTILE)
        found = self.events(RUN._replace(jobs=(job, other), verdict=HOSTILE, run=HOSTILE))
        self.assertIn(HOSTILE, [event["name"] for event in found])

    def test_record_whose_times_overlap_is_a_valid_trace(self) -> None:
        attempts = (AttemptSpan(1, 5.0, 9.0), AttemptSpan(2, 4.0, 3.0))
        self.events(RUN._replace(jobs=(TEST._replace(attempts=attempts, ready_at=8.0),)))

    def test_run_without_jobs_is_a_valid_trace(self) -> None:
        self.events(RunRecord())


if __name__ == "__main__":
    unittest.main()
