"""The proof on a developer's machine names the jobs that cannot run there, and excuses no other."""

from __future__ import annotations

import contextlib
import io
import json
import tempfile
import unittest
from pathlib import Path

from deploy import verify_demo
from lib.commit_queue.states import State
from tests.support.example_box import ExampleBox

LOG = """\
[10:11:12] RUN   0000001
[10:11:14] PASS  lint
[10:11:14] NOTE  test-python-3.14 was left out: python3.14 is not there: uv python install 3.14
[10:11:14] NOTE  build-js was left out: pnpm is not there
"""


class LeftOut(unittest.TestCase):
    def setUp(self) -> None:
        self.state = Path(self.enterContext(tempfile.TemporaryDirectory()))
        self.box = ExampleBox(self.state)
        self.addCleanup(self.box.queue.close)
        self.runs = 0

    def told(self, code: int, log: str = LOG, **changed: object) -> str:
        """Return what is told of a run with this log and these fields of its summary."""
        self.runs += 1
        run = self.state / "runs" / self.box.ran(self.runs, "main", State.ERROR)
        (run / "ci.log").write_text(log)
        summary = run / "summary.json"
        summary.write_text(json.dumps(json.loads(summary.read_text()) | changed))
        out = io.StringIO()
        with contextlib.redirect_stdout(out):
            self.assertEqual(verify_demo.main(["left-out", str(self.state)]), code)
        return out.getvalue()

    def test_jobs_that_a_green_run_could_not_run_are_named(self) -> None:
        self.assertEqual(self.told(0), "test-python-3.14, build-js\n")

    def test_red_cut_off_or_chosen_run_is_not_excused(self) -> None:
        for changed in ({"exit_code": 1}, {"exit_code": None}, {"asked_for_all": False}):
            self.assertEqual(self.told(1, **changed), "")

    def test_error_of_another_kind_is_not_excused(self) -> None:
        self.assertEqual(self.told(1, log="[10:11:14] PASS  lint\n"), "")

    def test_queue_without_a_run_is_not_excused(self) -> None:
        self.assertEqual(verify_demo.main(["left-out", str(self.state)]), 1)


if __name__ == "__main__":
    unittest.main()
