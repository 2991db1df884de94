"""The few lines of a log that the head of a report has room for say what is wrong."""

from __future__ import annotations

import unittest

from lib.page.report_page import MOST_LINES
from lib.report import failure_lines

# the end of a log as the tool prints it, and the lines of it that are picked: those with a mark
LOGS = {
    "unittest": """
    |..F.
    *FAIL: test_count (test_a.T.test_count)
    |----------------------------------------------------------------------
    |Traceback (most recent call last):
    *  File "/x/test_a.py", line 6, in test_count
    |    self.assertEqual(4, 3)
    *AssertionError: 4 != 3
    |
    |Ran 4 tests in 0.000s
    |
    |FAILED (failures=1)
    """,
    "unittest, an error with a cause": """
    *ERROR: test_a (t.T.test_a)
    |Traceback (most recent call last):
    *  File "/x/a.py", line 3, in f
    |    g()
    *KeyError: 'x'
    |
    |During handling of the above exception, another exception occurred:
    |
    |Traceback (most recent call last):
    |  File "/x/test_a.py", line 6, in test_a
    |    f()
    *ValueError: bad
    |
    |FAILED (errors=1)
    """,
    "unittest, two": """
    *FAIL: test_a (t.T.test_a)
    |Traceback (most recent call last):
    |  File "/x/test_a.py", line 6, in test_a
    *AssertionError: 4 != 3
    *FAIL: test_b (t.T.test_b)
    |Traceback (most recent call last):
    |  File "/x/test_a.py", line 9, in test_b
    *AssertionError: 5 != 3
    |FAILED (failures=2)
    """,
    "a program": """
    |Traceback (most recent call last):
    |  File "/x/run.py", line 12, in <module>
    |    main()
    *  File "/x/run.py", line 9, in main
    |    open("x")
    *FileNotFoundError: [Errno 2] No such file or directory: 'x'
    """,
    "pytest": """
    |    def test_sort():
    |>       assert sort([3, 2]) == [2, 3]
    *E       assert [3, 2] == [2, 3]
    *E         At index 0 diff: 3 != 2
    |
    *tests/test_table.py:7: AssertionError
    |=========================== short test summary info ============================
    *FAILED tests/test_table.py::test_sort - assert [3, 2] == [2, 3]
    """,
    "jest": """
    *FAIL src/table.test.js
    *  ● table › sorts
    |
    |    expect(received).toBe(expected) // Object.is equality
    |
    *    Expected: 3
    *    Received: 4
    |
    |      at Object.toBe (src/table.test.js:4:15)
    |
    |Test Suites: 1 failed, 1 total
    """,
    "vitest": """
    *   × table > sorts 5ms
    * FAIL  src/table.test.ts > table > sorts
    *AssertionError: expected 4 to be 3 // Object.is equality
    |
    | ❯ src/table.test.ts:4:15
    * Test Files  1 failed (1)
    """,
    "go test": """
    *--- FAIL: TestSort (0.00s)
    *    table_test.go:8: got 4, want 3
    |FAIL
    *FAIL\texample.com/table\t0.002s
    |FAIL
    """,
}


class Lines(unittest.TestCase):
    def test_message_and_place_go_before_counts(self) -> None:
        for tool, log in LOGS.items():
            marked = [line.removeprefix("    ") for line in log.splitlines()[1:-1]]
            lines = [line[1:] for line in marked]
            picked = [lines[number] for number in failure_lines.pick(lines, MOST_LINES)]
            self.assertEqual(picked, [line[1:] for line in marked if line[0] == "*"], tool)
