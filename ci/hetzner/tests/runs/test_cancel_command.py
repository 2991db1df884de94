"""A run that is ended by a command: the right process, to its very end, and told."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import unittest
from pathlib import Path

from lib.commands import front_door
from lib.processes import process_table
from tests.support.as_nobody import as_nobody
from tests.support.asked_case import END, Asked
from tests.support.every_question import ask
from tests.support.run_case import tagged

# of this process alone: other suites of the machine have sleeping jobs as well
SLEEP = f"sleep 96{os.getpid()}"
STAYS = f"[Job('a', 'echo said; touch up; {SLEEP}'), Job('b', 'true', ['a'])]"
PATIENCE = "from lib.commands import cancel; cancel.PATIENCE = 0.5\n"
IGNORES = f"""[Job('a', "trap '' TERM; setsid {SLEEP} & touch up; {SLEEP}")]"""


# is in the register of the machine, and has no directory yet
WAITING = """
import sys, time
from lib.machine import register as machine_register
with machine_register.registered("its label", state_dir=sys.argv[1]):
    print("registered", flush=True)
    time.sleep(1000)
"""


class Cancel(Asked):
    def test_run_is_gone_with_all_processes_and_its_verdict_is_told(self) -> None:
        for jobs in (STAYS, IGNORES):
            (self.root / "up").unlink(missing_ok=True)
            run = self.begin_gated(jobs)
            text = self.answer("cancel")
            self.assertEqual(run.wait(60), 143)
            self.assertIn("ended by SIGTERM (exit code 143)", text)
            self.assertIn("it left no process", text)
            self.assertEqual(tagged(SLEEP), [])

    def test_programs_get_the_same(self) -> None:
        self.begin_gated(STAYS)
        fields = json.loads(self.answer("cancel", "last", "--json"))
        self.assertEqual(
            (fields["state"], fields["live"], fields["processes"]), ("failed", False, [])
        )

    def test_run_that_has_ended_is_told_and_no_run_is_an_error(self) -> None:
        self.assertEqual(self.begin("[Job('a', 'true')]").wait(60), 0)
        self.assertIn("PASSED", self.answer("cancel", "last"))
        self.assertIn("expected a run that goes on", self.answer("cancel", code=1))

    def test_run_that_waits_for_its_turn_is_ended(self) -> None:
        self.write("[Job('a', 'true')]", END)
        waiting = self.started(WAITING, str(self.store.directory))
        said = self.answer("cancel")
        self.assertIn(f"asked to end: pid {waiting.pid} (its label)", said)
        self.assertIn("had begun nothing", said)
        self.assertEqual(waiting.wait(60), -signal.SIGTERM)

    def test_of_several_runs_the_waiting_one_is_named_by_its_pid(self) -> None:
        self.stubborn_run()
        first, second = (self.started(WAITING, str(self.store.directory)) for _ in range(2))
        self.assertIn("none with pid 1", self.answer("cancel", "--pid", "1", code=1))
        self.assertIn("found both", self.answer("cancel", "last", "--pid", "1", code=2))
        fields = json.loads(self.answer("cancel", "--json", "--pid", str(first.pid)))
        self.assertFalse(fields["live"])
        self.assertEqual(first.wait(60), -signal.SIGTERM)
        self.assertIsNone(second.poll())

    def test_several_waiting_runs_are_named(self) -> None:
        self.write("[Job('a', 'true')]", END)
        for waiting in [self.started(WAITING, str(self.store.directory)) for _ in range(2)]:
            self.assertIn(f"pid {waiting.pid} (its label)", self.answer("cancel", code=2))

    def test_several_runs_are_named(self) -> None:
        self.stubborn()
        self.stubborn()
        self.write("[Job('a', 'true')]", END)
        text = self.answer("cancel", code=2)
        for run in self.store.runs():
            self.assertIn(run.name, text)

    def test_stopped_run_ends_too(self) -> None:
        run = self.begin_gated(STAYS)
        run.send_signal(signal.SIGSTOP)
        self.answer("cancel")
        self.assertEqual(run.wait(60), 143)

    def test_signal_during_the_wait_ends_the_wait_only(self) -> None:
        process = self.stubborn_run()
        command = self.asks("cancel")
        assert command.stdout
        self.assertIn(b"asked to end", command.stdout.readline())
        command.send_signal(signal.SIGINT)
        out, errors = command.communicate(timeout=60)
        self.assertEqual(command.returncode, 130)
        self.assertIn(b"no longer waits", out)
        self.assertNotIn(b"Traceback", errors)
        self.assertIsNone(process.poll())

    def test_run_that_does_not_end_is_told_with_the_next_step(self) -> None:
        self.stubborn_run()
        self.write("[Job('a', 'true')]", PATIENCE + END)
        text = self.answer("cancel", code=1)
        self.assertIn("it still goes on after 0.5 s; a second signal stops all at once", text)
        advice = re.search(r"is stopped by: python3 (/.*/cleanup.py) processes", text)
        assert advice, text
        self.assertTrue(Path(advice[1]).is_file())


class WrongProcess(Asked):
    def setUp(self) -> None:
        super().setUp()
        self.victim = subprocess.Popen(["sleep", "1000"])
        self.addCleanup(self.victim.wait)
        self.addCleanup(self.victim.kill)

    def test_process_that_a_wrong_summary_names_is_not_touched(self) -> None:
        self.write("[Job('a', 'true')]", END)
        victim = process_table.run_id(process_table.table(), self.victim.pid)
        for run_id in (
            victim,
            victim.partition("-")[0] + "-0",
            f"r{self.victim.pid}",
            "",
            7,
            "r1-1",
        ):
            with self.subTest(run_id):
                holder = self.stubborn(json.dumps({"run": run_id}))
                text = self.answer("cancel", code=1)
                self.assertIn("expected the process of", text)
                self.assertIsNone(self.victim.poll())
                holder.kill()
                holder.wait(60)

    def test_process_that_a_wrong_entry_of_the_register_names_is_not_touched(self) -> None:
        self.write("[Job('a', 'true')]", END)
        lies = WAITING.replace(
            ":\n    print", f" as entry:\n    entry.change(pid={self.victim.pid})\n    print"
        )
        self.started(lies, str(self.store.directory))
        text = self.answer("cancel", "--pid", str(self.victim.pid), code=1)
        self.assertIn("found none that fits the entry", text)
        self.assertIsNone(self.victim.poll())

    @unittest.skipUnless(os.geteuid() == 0, "only root can start a run of another user")
    def test_run_of_another_user_is_a_clear_error(self) -> None:
        self.root.chmod(0o755)
        self.stubborn_run()

        def cancel() -> None:
            code, text = ask(self.store.directory, "cancel")
            self.assertIn("only that user or root can end it", text)
            self.assertEqual(code, 1)

        front_door.load("cancel")
        ask(self.store.directory, "show")
        as_nobody(self, cancel)


if __name__ == "__main__":
    unittest.main()
