"""The command that runs a job again: each is made once, and a broken one harms no other."""

from __future__ import annotations

import unittest
from typing import Any

from lib.report.rerun_command import AskedOnce, RerunCommand


class Asked(unittest.TestCase):
    def setUp(self) -> None:
        self.calls: list[str] = []
        self.said: list[str] = []

    def asked(self, rerun: Any) -> AskedOnce:
        return AskedOnce(rerun, lambda jobs: f"tests of {','.join(jobs)}", self.said.append)

    def rerun(self, job: str) -> Any:
        self.calls.append(job)
        if job == "leaves":
            raise SystemExit(0)
        return {"a": "make a", "none": "", "nothing": None, "bytes": b"make"}[job]

    def test_each_command_is_made_once(self) -> None:
        again = self.asked(self.rerun)
        self.assertEqual(
            [again.of([job]) for job in ("a", "none", "a", "none")], ["make a", ""] * 2
        )
        self.assertEqual((self.calls, self.said), (["a", "none"], []))

    def test_one_that_breaks_is_told_once_and_harms_no_other(self) -> None:
        again = self.asked(self.rerun)
        jobs = ("leaves", "bytes", "unknown", "leaves", "a")
        self.assertEqual([again.of([job]) for job in jobs], ["", "", "", "", "make a"])
        told = "NOTE  {}: no command to run again: rerun broke: {}"
        self.assertEqual(
            self.said,
            [
                told.format("leaves", "SystemExit: 0"),
                told.format("bytes", "TypeError: expected a text, found a value of type bytes"),
                told.format("unknown", "KeyError: 'unknown'"),
            ],
        )

    def test_value_that_is_empty_is_no_command(self) -> None:
        self.assertEqual((self.asked(self.rerun).of(["nothing"]), self.said), ("", []))
        self.assertEqual((self.asked(None).of(["a"]), self.said), ("", []))

    def test_only_a_command_for_several_jobs_is_asked_for_them(self) -> None:
        self.assertEqual(self.asked(self.rerun).of(["a", "none"]), "")
        several = RerunCommand(lambda jobs, tests: f"{'+'.join(jobs)} {tests}")
        self.assertEqual(self.asked(several).of(["a", "b"]), "a+b tests of a,b")
        self.assertEqual(self.calls, [])


if __name__ == "__main__":
    unittest.main()
