"""The table of processes: whether the driver of a run lives."""

from __future__ import annotations

import os
import unittest

from lib.processes import process_table

HERE = os.getpid()


class Drivers(unittest.TestCase):
    def setUp(self) -> None:
        self.table = process_table.table()

    def lives(self, run: str) -> bool:
        return process_table.driver_lives(self.table, run)

    def test_driver_is_the_process_of_this_pid_and_start_time(self) -> None:
        own = process_table.run_id(self.table, HERE)
        self.assertTrue(self.lives(own))
        self.assertFalse(self.lives(own + "1"))

    def test_driver_that_did_not_know_its_start_time_lives_while_its_pid_does(self) -> None:
        self.assertTrue(self.lives(f"r{HERE}-0"))
        self.assertFalse(self.lives("r999999999-0"))

    def test_id_of_another_form_has_no_driver(self) -> None:
        self.assertFalse(any(map(self.lives, ("", "r", "r1", "x1-1", "r1-x"))))


if __name__ == "__main__":
    unittest.main()
