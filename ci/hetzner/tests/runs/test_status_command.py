"""A live run and a killed one, as commands tell of them."""

from __future__ import annotations

import json
import unittest

from lib.processes import process_table
from tests.support.asked_case import Asked
from tests.support.waiting import wait_until

WAITS = "[Job('a', 'echo said; touch up; while [ ! -e go ]; do sleep 0.02; done')]"


class Live(Asked):
    def test_live_run_is_told_by_each_command_and_goes_on(self) -> None:
        run = self.begin_gated(WAITS)
        name = self.only_run().name
        (told,) = json.loads(self.answer("status", "--json"))["runs"]
        self.assertEqual((told["name"], told["pid"]), (name, run.pid))
        self.assertEqual([job["name"] for job in told["jobs"]], ["a"])
        self.assertIn(f"RUNNING  {name}", self.answer("status"))
        self.assertIn("it goes on; now runs: a", self.answer("show"))
        self.assertIn("the run goes on", self.answer("export", "-o", "x.tar.gz"))
        self.assertIn("it went on when this file was written", self.answer("show", "./x.tar.gz"))
        self.assertIsNone(run.poll())
        (self.root / "go").touch()
        self.assertEqual(run.wait(60), 0)
        self.assertIn(f"the last run: PASSED  {name}: 1 job passed", self.answer("status"))

    def test_killed_run_is_cut_off_and_no_live_one(self) -> None:
        run = self.begin_gated(WAITS)
        run.kill()
        run.wait(60)
        self.assertIn("CUT OFF", self.answer("show"))
        self.assertIn("then ran: a", self.answer("show"))
        self.assertEqual(json.loads(self.answer("status", "--json"))["runs"], [])
        self.assertIn("CUT OFF", self.answer("cancel", "last"))
        self.assertEqual(self.answer("logs", "-f", "a"), "said\n")
        (self.root / "go").touch()

    def test_run_that_waits_for_a_port_of_another_names_it(self) -> None:
        job = WAITS.replace(")]", ", resources={'port:8889': 1})]")
        self.begin_gated(job)
        # runs of one store in one directory wait for each other, and not for a port
        second = self.begin(job.replace("touch up;", ""), store="other")
        wait_until(lambda: "held by" in self.answer("status"), "a run that waits")
        self.assertRegex(self.answer("status"), r"\n  a waits for port:8889, held by pid \d+")
        (self.root / "go").touch()
        self.assertEqual(second.wait(60), 0)

    def test_asking_takes_no_lock_that_a_run_needs(self) -> None:
        run = self.begin_gated(WAITS)
        askers = [self.asks("status", "--json") for _ in range(4)]
        self.assertEqual([asker.wait(60) for asker in askers], [0] * 4)
        (self.root / "go").touch()
        self.assertEqual(run.wait(60), 0)
        self.assertEqual(process_table.table().children(run.pid), [])


if __name__ == "__main__":
    unittest.main()
