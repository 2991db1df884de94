"""What fails by a default says so, and names the argument."""

from __future__ import annotations

import math
import tempfile
import unittest
from pathlib import Path
from unittest import mock

from dsl import Job, Pipeline
from lib.model.run_plan import Limits
from tests.support.fakes import Fate, jobs, play


class Defaults(unittest.TestCase):
    def refusal(self, **options: str) -> str:
        with tempfile.TemporaryDirectory() as place:
            # whether there is a /repo on this machine or not
            nothing = mock.patch.object(Path, "is_dir", lambda path: str(path) != "/repo")
            with nothing, self.assertRaises(ValueError) as caught:
                Pipeline([Job("a", "true")], "s", "m", f"{place}/logs", **options).run()  # type: ignore[arg-type]
            self.assertFalse(Path(place, "logs").exists())
        return str(caught.exception)

    def test_the_working_directory(self) -> None:
        said = self.refusal()
        self.assertRegex(said, "^cwd: expected a directory, found .* at /repo; ")
        self.assertTrue(said.endswith("cwd='/repo' is the default: pass cwd="))

    def test_one_that_was_asked_for_is_none(self) -> None:
        with self.assertRaises(ValueError) as caught:
            Pipeline([Job("a", "true")], "s", "m", "/nowhere/logs", cwd="/nowhere").run()
        self.assertEqual(
            str(caught.exception), "cwd: expected a directory, found nothing at /nowhere"
        )

    def test_a_job_waits_for_a_port_of_another_run(self) -> None:
        self.assertIs(Limits().wait, True)

    def test_the_pools_of_the_machine(self) -> None:
        wants = Job("a", "true", resources={"cpu": 10**6})
        with self.assertRaisesRegex(ValueError, r"by default: pass Pipeline\(resources="):
            Pipeline([wants], "s", "m", "/x", cwd="/")

    def test_the_timeout_of_a_job(self) -> None:
        played = play(jobs("a"), {"a": Fate(math.inf)})
        reason = played.scheduler.results["a"].reason
        self.assertEqual(
            reason, "timed out: not done after 120 s; timeout=120 is the default: pass timeout="
        )
        played = play(jobs("a", a={"timeout": 5}), {"a": Fate(math.inf)})
        self.assertEqual(played.scheduler.results["a"].reason, "timed out: not done after 5 s")

    def test_the_timeout_of_a_service(self) -> None:
        played = play(jobs("a; b<a", a={"service": True}), {"a": Fate(math.inf)})
        self.assertIn("timeout=120 is the default", played.scheduler.results["a"].reason)

    def test_the_timeout_of_a_run(self) -> None:
        declared = jobs("a", a={"timeout": 999})
        for seconds, told in ((180, True), (170, False)):
            played = play(declared, {"a": Fate(math.inf)}, timeout=seconds)
            self.assertEqual(played.code, 124)
            reason = played.scheduler.results["a"].reason
            self.assertIn(f"the run's timeout of {seconds} s", reason)
            self.assertEqual("timeout=180 is the default: pass timeout=" in reason, told)


if __name__ == "__main__":
    unittest.main()
