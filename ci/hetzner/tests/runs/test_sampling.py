"""The samples of a run: its machine and its jobs. A fault of the sampler is a note, and no more."""

from __future__ import annotations

import os
import sys
import threading
import unittest
from pathlib import Path
from unittest import mock

from dsl import Job, Pipeline
from lib.model import events
from lib.sampling import sample_file, sampler
from lib.sampling.sampler import Sampler
from lib.sampling.samples import Samples
from lib.scheduler import loop
from tests.support.commit_stage import OnStage
from tests.support.run_case import RunTest
from tests.support.trace_case import TraceCase
from tests.support.waiting import wait_until


@unittest.skipUnless(sys.platform == "linux", "needs /proc")
class Sampling(RunTest, TraceCase):
    def in_a_store(self, *jobs: Job, listener: events.Listener = lambda _: None) -> Pipeline:
        return Pipeline(
            [*jobs],
            "sha",
            "main",
            store=self.cwd / "store",
            cwd=self.cwd,
            grace=0.3,
            timeout=60,
            console=self.console,
            listeners=[listener],
        )

    def sampled(self, *jobs: Job) -> Samples:
        self.assertEqual(self.in_a_store(*jobs).run(), 0, self.console.getvalue())
        self.assertNotIn("NOTE", self.console.getvalue())
        self.assert_no_thread()
        (run,) = self.cwd.glob("store/runs/*")
        found = sample_file.read(run)
        assert found is not None
        self.assertEqual(found.skipped, 0)
        return found

    def assert_no_thread(self) -> None:
        self.assertNotIn("samples", [thread.name for thread in threading.enumerate()])

    def until_sampled(self, name: str, before: str = "", after: str = "") -> Job:
        """Return a job that ends when a sample of it was written that was taken after `before`."""
        count = f"grep -c '\"{name}\":' store/runs/*/samples.jsonl || true"
        wait = f"n=$({count}); until (($({count}) > n + {bool(before):d})); do sleep 0.05; done"
        return Job(name, f"{before}\n{wait}\n{after}")

    def test_jobs_are_sampled_with_all_their_processes(self) -> None:
        leaves = "(setsid bash -c 'echo $$ >pid; exec sleep 60' &); until [ -s pid ]; do :; done"
        work = "for i in {1..99999}; do :; done"
        end = "kill $! $(cat pid); wait; exit 0"
        job = self.until_sampled("a", f"sleep 60 & {leaves}; {work}", end)
        found = self.sampled(job, self.until_sampled("b"))
        samples = found.jobs["a"]
        self.assertGreaterEqual(max(samples.processes), 3)  # bash and two sleeps
        self.assertGreater(max(samples.cpu), 0)
        self.assertGreater(max(samples.rss), 100_000)
        self.assertEqual(found.jobs.keys(), {"a", "b"})

    def test_run_has_a_valid_trace_with_its_samples(self) -> None:
        self.sampled(self.until_sampled("a"), Job("b", "true", depends_on=["a"]))
        (file,) = self.cwd.glob("store/runs/*/trace.json")
        found = self.checked(file.read_text())
        counters = {event["name"] for event in found if event["ph"] == "C"}
        self.assertLessEqual({"processors (%)", "memory (MiB)", "a: processors"}, counters)
        self.assertEqual([event["ph"] for event in found if event["ph"] in "sf"], ["s", "f"])

    def test_machine_is_sampled_more_often_than_the_jobs(self) -> None:
        found = self.sampled(self.until_sampled("a"))
        self.assertGreater(len(found.at), 5)
        self.assertEqual(list(found.at), sorted(set(found.at)))
        self.assertEqual(found.processors, os.cpu_count())
        for used in found.memory:
            self.assertTrue(0 < used < found.memory_size)

    def test_short_run_is_sampled_as_well(self) -> None:
        self.assertGreater(len(self.sampled(Job("a", "true")).at), 0)

    def test_run_outside_a_store_has_no_samples(self) -> None:
        threads = []
        code = self.pipeline(
            Job("a", "true"), listeners=[lambda _: threads.append(threading.active_count())]
        ).run()
        self.assertEqual((code, set(threads)), (0, {1}))
        self.assertIsNone(sample_file.read(self.logs))

    def test_full_disk_is_one_note(self) -> None:
        def fill(event: events.Event) -> None:
            """Let writes of samples, and no other, fail as on a full disk."""
            if isinstance(event, events.Started) and event.job == "a":
                for link in Path("/proc/self/fd").iterdir():
                    if os.path.realpath(link).endswith(sample_file.NAME):
                        full = os.open("/dev/full", os.O_WRONLY)
                        os.dup2(full, int(link.name), inheritable=False)
                        os.close(full)

        made = self.in_a_store(Job("a", "sleep 2.2"), listener=fill)
        self.assertEqual(made.run(), 0)
        told = self.console.getvalue()
        self.assertEqual(told.count("not all samples of the machine are kept"), 1, told)
        self.assertIn("No space left", told)
        self.assert_no_thread()

    def test_something_in_the_place_of_the_file_is_a_note(self) -> None:
        with mock.patch.object(sampler, "NAME", "no/such/directory"):
            made = self.in_a_store(Job("a", "true"))
            self.assertEqual(made.run(), 0)
        self.assertIn("NOTE  the machine is not sampled: ", self.console.getvalue())

    def test_moment_at_which_the_run_is_suspended_is_sampled_once(self) -> None:
        moments = []

        def stands_still() -> float:
            moments.append(1.0)
            return moments[-1]

        made = Sampler(self.cwd, stands_still, {})
        wait_until(lambda: len(moments) > 2, "three looks")
        self.assertEqual(made.finish(), [])
        found = sample_file.read(self.cwd)
        assert found is not None
        self.assertEqual((found.at, found.skipped), ((1.0,), 0))

    def test_sampling_ends_when_the_runner_breaks(self) -> None:
        made = self.in_a_store(Job("a", "true"))
        error = RuntimeError("injected")
        with mock.patch.object(loop.Scheduler, "_take", side_effect=error):
            self.assertRaises(RuntimeError, made.run)
        self.assert_no_thread()


@unittest.skipUnless(sys.platform == "linux", "needs /proc")
class OfCommits(OnStage, TraceCase):
    def test_run_of_a_commit_is_sampled_and_traced(self) -> None:
        self.assertEqual(self.stage.run("--only-jobs", "lint-python").code, 0)
        run = self.stage.log_dir()
        found = sample_file.read(run)
        assert found is not None
        self.assertGreater(len(found.at), 0)
        traced = self.checked((run / "trace.json").read_text())
        self.assertIn("lint-python", [event["name"] for event in traced])


if __name__ == "__main__":
    unittest.main()
