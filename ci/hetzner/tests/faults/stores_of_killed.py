"""SIGKILL of a run at random instants, for test_kill.py: every command reads the store it leaves.

`CI_FAULT_REPEAT` scales the number of instants (50: two hundred); they are seeded, so a run can be
had again.
"""

from __future__ import annotations

import random
import time
import unittest

from tests.support.asked_case import Asked
from tests.support.every_question import answers_all
from tests.support.fault_case import REPEAT

INSTANTS = max(8, 4 * REPEAT)
JOBS = """[
    Job("a", "seq 3000; sleep 0.05", keep=["*.xml"]),
    Job("b", "echo x >b-$RANDOM.xml; [ -e again ] || { touch again; exit 1; }", retries=1),
    Job("c", "seq 10; sleep 0.02", ["a"]),
    Job("d", "exit 1", ["b"], allow_failure=True),
]"""


class Killed(Asked):
    def test_store_can_be_read_by_each_command_and_the_next_run_works(self) -> None:
        whole = self.whole_run()
        draw = random.Random(INSTANTS)
        seen: dict[str, int] = {}
        for turn in range(INSTANTS):
            instant = draw.uniform(0, whole)
            with self.subTest(turn=turn, instant=f"{instant:.4f} of {whole:.4f} s"):
                before = len(self.store.runs())
                run = self.begin(JOBS)
                if turn % 2:  # or most instants would be before the run
                    assert run.stdout
                    run.stdout.readline()
                time.sleep(instant / (1 + turn % 2))
                run.kill()
                run.wait(60)
                answers_all(self, self.store.directory)
                self.answer("rerun", "--failed", "--dry-run")
                newest = self.store.runs()[0]
                made = len(self.store.runs()) > before
                state = newest.state if made else "none made"
                self.assertIn(state, ("none made", "unknown", "cut off", "passed"))
                seen[state] = seen.get(state, 0) + 1
                if turn % 8 == 7:  # the machine may be faster or slower by now
                    whole = self.whole_run()
        print(f"{INSTANTS} kills left: {seen}")

    def whole_run(self) -> float:
        """Let a run end, and ask for it; return its seconds."""
        (self.root / "again").unlink(missing_ok=True)
        began = time.monotonic()
        run = self.begin(JOBS)
        out, errors = run.communicate(timeout=60)
        seconds = time.monotonic() - began
        self.assertEqual(run.returncode, 0, out + errors)
        texts = answers_all(self, self.store.directory)
        self.assertIn("PASSED", texts["status"])
        self.assertIn("PASSED", texts["show {out}"])
        return seconds


if __name__ == "__main__":
    unittest.main()
