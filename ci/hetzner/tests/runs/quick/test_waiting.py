"""Order, shuffles and retries that run alone, in real runs."""

from __future__ import annotations

import io
import json
import os
import re
import sys
import tempfile
import unittest
from pathlib import Path
from typing import Any
from unittest import mock

from dsl import Pipeline
from lib.history.recorder import History, RunFields
from lib.history.timings import timings
from lib.model.job import Job
from lib.model.result import Outcome
from lib.outputs import inotify


class Runs(unittest.TestCase):
    """Whole runs with real processes."""

    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.cwd = Path(directory.name)
        self.console = io.StringIO()

    def pipeline(self, *declared: Job, **options: Any) -> Pipeline:
        made = {"cwd": self.cwd, "console": self.console, "timeout": 60, **options}
        return Pipeline(declared, "sha", "main", self.cwd / "logs", **made)

    def log(self) -> str:
        return (self.cwd / "logs" / "ci.log").read_text()

    def started(self) -> list[str]:
        return re.findall(r"START (\w+)$", self.log(), re.MULTILINE)

    def test_seed_of_a_shuffled_run_is_printed_and_reproduces_its_order(self) -> None:
        declared = [Job(name, "true") for name in "abcdefgh"]
        self.assertEqual(self.pipeline(*declared, max_parallel=1).run(shuffle=True), 0)
        first, told = self.started(), re.search(r"--shuffle=(\d+) gives it again", self.log())
        assert told
        self.assertIn(told[0], self.console.getvalue())
        seed = int(told[1])
        self.assertEqual(self.pipeline(*declared, max_parallel=1).run(shuffle=seed), 0)
        self.assertEqual(self.started(), first)

    def test_a_seed_of_another_kind_is_refused(self) -> None:
        with self.assertRaisesRegex(ValueError, "shuffle"):
            self.pipeline(Job("a", "true")).run(shuffle="7")  # type: ignore[arg-type]

    def test_a_retry_alone_runs_when_nothing_else_does_on_its_own_processors(self) -> None:
        cpu = min(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None
        body = (
            "if mkdir once; then until [ -e busy ]; do sleep .01; done; exit 1; fi; "
            "test -e done && grep Cpus_allowed_list /proc/self/status"
        )
        made = self.pipeline(
            Job("a", body, retries=1, retry_alone=True, cpus=[] if cpu is None else [cpu]),
            Job("b", "touch busy; until [ -e logs/a.log ]; do sleep .01; done; touch done"),
        )
        self.assertEqual(made.run(), 0)
        self.assertEqual(made.results["a"].outcome, Outcome.FLAKY)
        first, second = made.results["a"].attempts
        assert first.load and second.load and made.results["b"].ended
        self.assertGreaterEqual(second.started, made.results["b"].ended)
        self.assertRegex(self.log(), r"PASS  a  \(flaky: .*attempt 1: load .*attempt 2: load ")
        (job,) = (j for j in json.loads(self.summary())["jobs"] if j["name"] == "a")
        self.assertEqual(job["attempts"][0]["load"]["average"], first.load.average)
        if cpu is not None:
            self.assertEqual((self.cwd / "logs" / "a.log").read_text().split()[-1], str(cpu))

    def test_durations_of_a_run_order_the_next(self) -> None:
        past = self.cwd / "history.db"

        def run() -> list[str]:
            listener = History(past)
            made = self.pipeline(
                # none is so much longer that the other one is short
                Job("quick", "sleep 0.03"),
                Job("slow", "sleep 0.06"),
                max_parallel=1,
                durations=timings(past).durations,
                listeners=[listener],
            )
            self.assertEqual(made.run(), 0)
            self.assertEqual(listener.write(RunFields("run", "sha")), [])
            return self.started()

        self.assertEqual(run(), ["quick", "slow"])
        recorded = timings(past).durations
        self.assertEqual(set(recorded), {"quick", "slow"})
        self.assertEqual(run(), sorted(recorded, key=lambda job: -recorded[job]))

    @unittest.skipUnless(sys.platform == "linux", "inotify belongs to Linux")
    def test_nothing_is_watched_when_no_output_edge_waits(self) -> None:
        refuse = AssertionError("something was watched")
        with mock.patch.object(inotify.InotifyWatch, "add", side_effect=refuse):
            made = self.pipeline(Job("a", "touch o", outputs={"o": "o"}), Job("b", "true", ["a"]))
            self.assertEqual(made.run(), 0)

    def summary(self) -> str:
        return (self.cwd / "logs" / "summary.json").read_text()

    @unittest.skipUnless(Path("/proc/pressure/cpu").exists(), "this system tells no pressure")
    def test_a_run_under_any_pressure_comes_to_its_end(self) -> None:
        declared = [Job(name, "true") for name in "abcdefgh"]
        self.assertEqual(self.pipeline(*declared, pressure=0).run(), 0)

    def test_pressure_that_is_no_percentage_is_refused(self) -> None:
        for wrong in (-1, True, "60"):
            with self.assertRaisesRegex(ValueError, "pressure: expected a percentage"):
                self.pipeline(Job("a", "true"), pressure=wrong)


if __name__ == "__main__":
    unittest.main()
