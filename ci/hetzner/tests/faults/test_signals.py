"""Signals at random instants of a whole run of pipeline.py, once and twice.

`CI_FAULT_REPEAT` scales the number of instants; they are seeded, so a run can be had again.
"""

from __future__ import annotations

import random
import signal
import time
import unittest

from tests.support.commit_stage import JOBS
from tests.support.fault_case import REPEAT, CommitCase, Ended

INSTANTS = max(4, 2 * REPEAT)
SECONDS = (None, 0.0, 0.02, 0.2)  # after which a second signal follows, if one does


class Signals(CommitCase):
    repeats = 1

    def each_instant(self, number: signal.Signals) -> None:
        began = time.monotonic()
        self.next_run_is_unaffected()
        whole = time.monotonic() - began
        draw = random.Random(f"{number.name} {INSTANTS}")
        for turn in range(INSTANTS):
            instant = draw.uniform(0, whole)
            with self.subTest(turn=turn, instant=f"{instant:.3f} of {whole:.3f} s"):
                self.change_sources(f"{number.name} {turn}\n")
                self.ends_well(number, self.interrupted(number, instant, draw.choice(SECONDS)))
        self.next_run_is_unaffected()

    def interrupted(self, number: signal.Signals, instant: float, second: float | None) -> Ended:
        self.github.seen.clear()
        with self.stage.start() as process:
            time.sleep(instant)
            process.send_signal(number)
            if second is not None:
                time.sleep(second)
                process.send_signal(number)
            out, errors = process.communicate(timeout=60)
        return Ended(process.returncode, self.stage.log_dir(), out + errors)

    def ends_well(self, number: signal.Signals, ended: Ended) -> None:
        told = ended.console
        self.nothing_is_left()
        log = ended.log if (ended.logs / "ci.log").exists() else ""
        if "START" in log:
            self.assertNotIn(None, [job["outcome"] for job in ended.summary["jobs"]], told)
        if ended.code == 0:  # it was decided when the signal came
            self.assertNotIn("INTERRUPTED", log)
            self.assertIn(f"END   exit code 0: {JOBS} jobs passed", log)
            self.assertIn(self.status(), ("success", "pending"))
        elif not log:  # before it took the signals over: Python itself may end with any code
            self.assertNotEqual(ended.code, 0, told)
        elif ended.code == -number:  # after it gave them back
            self.assertIn("END   exit code ", log, told)
        else:
            self.assertEqual(ended.code, 128 + number, told)
            self.assertIn(f"END   exit code {ended.code}: ", log)
        if "START" in log and ended.code >= 0:
            self.assertEqual(ended.summary["exit_code"], ended.code, told)
        # only a second one during the very last step may leave the status to the next run
        if self.status() == "pending":
            self.assertIn("the next run posts the status", log)
            self.assertNotEqual(list((self.stage.state / "outbox").iterdir()), [])
        elif log and "END   exit code 0" not in log:
            self.assertIn(self.status(), ("error", ""), told)

    def test_sigint(self) -> None:
        self.each_instant(signal.SIGINT)

    def test_sigterm(self) -> None:
        self.each_instant(signal.SIGTERM)

    def test_sighup(self) -> None:
        self.each_instant(signal.SIGHUP)

    def test_sigquit(self) -> None:
        self.each_instant(signal.SIGQUIT)


if __name__ == "__main__":
    unittest.main()
