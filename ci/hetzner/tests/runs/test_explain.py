"""The commands that explain runs, asked by the program that ran them."""

from __future__ import annotations

import json
import unittest

from tests.support.asked_case import Asked
from tests.support.measured import DURATION

JOBS = """[
    Job("build", "sleep 0.3; touch lib", ["lint"], outputs={"lib": "lib"}),
    Job("lint", "true"),
    Job("pack", "cp src out", ["build"], cache=Cache("cat src", "out", "cache")),
    Job("test", "cat src; ! grep bad src", ["build:lib", "lint"], delay=0.2),
]"""


class Explained(Asked):
    def run_with(self, text: str, code: int) -> None:
        (self.root / "src").write_text(text)
        process = self.begin(JOBS)
        out, errors = process.communicate(timeout=90)
        self.assertEqual(process.returncode, code, out + errors)

    def test_waits_caches_and_changes_are_explained(self) -> None:
        self.run_with("good\n", 0)
        self.run_with("bad\n", 1)
        first, last = sorted(run.name for run in self.store.runs())

        told = self.answer("explain", "test")
        self.assertRegex(told, r"test: failed \(.*\) in .*, usually .*, in " + last)
        self.assertRegex(told, rf"\n{DURATION} +{DURATION} +waited for build:lib\n")
        self.assertRegex(told, rf"\n{DURATION} +{DURATION} +its delay of 0\.2 s\n")
        in_turn = f"lint {DURATION} -> build:lib {DURATION} -> test"
        self.assertRegex(told, rf"what it waited for in turn: {in_turn}\n")
        self.assertRegex(told, rf"  {DURATION}  no delay of 0\.2 s\n")

        told = self.answer("explain", "pack")
        self.assertIn(f"since its last entry, of {first}, these changed:\n", told)
        self.assertIn("its key:\n    - good\n    + bad\n", told)
        self.assertIn("no earlier run has stored an entry", self.answer("explain", "pack", first))
        self.assertEqual(json.loads(self.answer("explain", "lint", "--json"))["outcome"], "passed")

        told = self.answer("compare", f"{last}:after", f"{first}:before")
        self.assertRegex(told, r"^before +passed .*\nafter +failed ")
        self.assertRegex(told, r"ended otherwise: 1\n  test +passed .* s +failed .* s")
        self.assertEqual(json.loads(self.answer("compare", "--json"))["other_ends"], ["test"])

        told = self.answer("why-red", "test")
        self.assertIn("test is red on main since 0123456, 1 run\n", told)
        self.assertIn(f"{first}: last pass", told)

        self.assertIn("did you mean 'test'?", self.answer("explain", "tset", code=1))
        self.assertIn("wrote ", self.answer("history", "--html", "history.html"))
        self.assertIn("Most waited for", (self.root / "history.html").read_text())
        self.assertIn("wrote ", self.answer("compare", "--html", "two.html"))
        self.assertEqual((self.root / "two.html").read_text().count("<figure>"), 2)
        self.assertIn("expected two runs", self.answer("compare", first, code=1))
        told = self.answer("compare", f"{last}:x", "last:y", code=2)
        self.assertIn(f"expected each run once, found {last} twice", told)

        events = self.store.find(last).path / "events.jsonl"
        events.write_text("damaged\n")
        told = self.answer("explain", "test", code=1)
        self.assertIn(f"the events of {last} cannot be read: expected the events of a run", told)
        self.assertNotIn("0.5.0", told)
        events.unlink()
        for words in (("explain", "test"), ("report",)):
            self.assertIn("runners before 0.5.0 wrote none", self.answer(*words, code=1))


if __name__ == "__main__":
    unittest.main()
