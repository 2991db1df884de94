"""Two runs of a program with a store in one directory: one after the other."""

from __future__ import annotations

import re
import unittest

from tests.support.ten_lines import TenLines
from tests.support.waiting import wait_until

END = 'Pipeline(jobs, "1" * 40, "main", store="store", timeout=60, grace=0.3, cwd=".").main()\n'
JOBS = """[
    Job("hold", "touch started; until [ -e go ]; do sleep 0.05; done"),
    Job("inner", f"{sys.executable} ci.py --only hold"),
    Job("quick", "true"),
]"""


class OneDirectory(TenLines):
    def setUp(self) -> None:
        super().setUp()
        self.write(JOBS, END)

    def test_second_run_waits_for_the_first_or_is_refused_and_names_it(self) -> None:
        with self.start("--only", "hold") as first:
            wait_until((self.root / "started").exists, "the first run to hold the directory")
            code, _, errors = self.ran("--only", "quick", "--no-wait")
            self.assertEqual(code, 1)
            self.assertRegex(
                errors,
                rf"expected that no other run goes on here, found .*\(pid {first.pid}, since",
            )
            self.assertEqual(self.ran("--list")[0], 0)
            self.assertEqual(self.ran("--dry-run", "--no-wait")[0], 0)
            with self.start("--only", "quick") as second:
                assert second.stdout
                line = second.stdout.readline()
                (self.root / "go").touch()
                first.communicate(timeout=60)
                rest, _ = second.communicate(timeout=60)
        self.assertTrue(re.match(rf"waiting for .*ci\.py .*\(pid {first.pid}, since", line), line)
        self.assertEqual((first.returncode, second.returncode), (0, 0), rest)

    def test_run_in_a_job_of_the_holder_is_refused_at_once(self) -> None:
        code, out, _ = self.ran("--only", "inner")
        self.assertEqual(code, 1, out)
        self.assertIn("has started this one in a job and would wait for it", out)


if __name__ == "__main__":
    unittest.main()
