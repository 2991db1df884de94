"""Random runs are the same in every process."""

from __future__ import annotations

import math
import os
import subprocess
import sys
import unittest
from pathlib import Path

from tests.rules import search
from tests.rules.cases import Seeded, draw_case
from tests.rules.search import describe

HERE = Path(__file__).resolve().parents[2]


SAME = """
import hashlib
from tests.rules.cases import Seeded, draw_case
from tests.rules.play import play
from tests.rules.reference import selection
told = hashlib.sha256()
for index in range(150):
    case = draw_case(Seeded(f"same:{index}"))
    if selection(case):
        told.update(repr(play(case)[0].events).encode())
print(told.hexdigest())
"""


class Repeated(unittest.TestCase):
    def test_a_case_is_shown_as_python_that_makes_it(self) -> None:
        for index in range(30):
            shown = describe(draw_case(Seeded(f"shown:{index}")))
            made = eval(shown, {**vars(search), "math": math})
            self.assertEqual(describe(made), shown)

    def test_a_seed_gives_the_same_run_in_every_process(self) -> None:
        self.assertEqual(self.events_under("1"), self.events_under("2"))

    def events_under(self, hash_seed: str) -> str:
        return subprocess.run(
            [sys.executable, "-c", SAME],
            cwd=HERE,
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            stdout=subprocess.PIPE,
            text=True,
            check=True,
        ).stdout


if __name__ == "__main__":
    unittest.main()
