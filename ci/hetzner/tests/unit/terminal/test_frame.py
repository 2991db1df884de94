"""The lines of the live view: they fit each screen, and tell the most needed first."""

from __future__ import annotations

import itertools
import unittest
from typing import Any

from lib.terminal import cells, frame
from lib.terminal.cells import Look, Part
from lib.terminal.frame import Picture
from lib.terminal.keys import Mode
from lib.terminal.progress import RunningJob

PLAIN = Look(colour=False)
MODES = (Mode(), Mode("all"), Mode("log", job="job-3"), Mode("pick log", job="job-3"))


def picture(running: int = 3, total: int = 12, **more: Any) -> Picture:
    jobs = [RunningJob(f"job-{n}", 10.0 * n, 20.0 if n % 2 else None) for n in range(running)]
    said = {job.name: [f"line of {job.name} {'x' * 200}"] for job in jobs}
    rows = [[Part(f"job {n}")] for n in range(total)]
    more = {"done": 2, "failed": 1, "left": 100.0, "said": said, "rows": rows, **more}
    return Picture(now=65.0, total=total, running=jobs, **more)


def lines(shown: Picture, columns: int = 80, rows: int = 24) -> list[str]:
    return frame.draw(shown, columns, rows, PLAIN)


class Frame(unittest.TestCase):
    def test_every_picture_fits_every_screen(self) -> None:
        for running, mode in itertools.product((0, 1, 5, 200, 2000), MODES):
            shown = picture(running, 2000, mode=mode)
            for columns in (1, 2, 10, 39, 40, 250):
                for rows in (1, 2, 5, 6, 24):
                    made = lines(shown, columns, rows)
                    self.assertLessEqual(len(made), max(1, rows - 1))
                    self.assertLess(max(map(cells.width, made)), max(columns, 1))

    def test_running_job_shows_its_time_its_usual_time_and_its_last_line(self) -> None:
        first, second, *_ = lines(picture())
        self.assertRegex(first, r"^▸ job-0 +1:05 +line of job-0 x+…$")
        self.assertRegex(second, r"^▸ job-1 +0:55/0:20 +line of job-1 x+…$")

    def test_time_of_a_slow_job_stands_out(self) -> None:
        look = Look(colour=True)
        for usual, started, slow in ((20.0, 25.0, True), (20.0, 26.0, False), (1.0, 61.0, False)):
            job = RunningJob("a", started, usual)
            first, *_ = frame.draw(picture()._replace(running=[job]), 80, 24, look)
            self.assertEqual("\x1b[33m" in first, slow, job)

    def test_job_that_writes_nothing_is_silent(self) -> None:
        made = lines(picture(silent={"job-0": 45.0, "job-1": 29.0, "job-2": 900.0}))
        self.assertRegex(made[0], r"^▸ job-0 +1:05 +silent 0:45  line of job-0")
        self.assertNotIn("silent", made[1])
        self.assertRegex(made[2], r"^▸ job-2 +0:45 +silent 0:45 ")  # it has run for no longer

    def test_narrow_screen_has_name_and_time_before_the_last_line(self) -> None:
        first, *_ = lines(picture(said={"job-0": ["said"]}), 40)
        self.assertRegex(first, r"^▸ job-0 +1:05 +said$")
        first, *_ = lines(picture(), 24)
        self.assertRegex(first, r"^▸ job-0 +1:05$")

    def test_narrow_screen_has_the_whole_name_where_a_wide_one_has_a_third(self) -> None:
        name = "test-python-3.11-slow"
        job = RunningJob(name, 0.0, 20.0)
        shown = picture()._replace(running=[job], said={name: ["said"]})
        self.assertEqual(lines(shown, 40)[0], f"▸ {name} 1:05/0:20")
        self.assertEqual(lines(shown, 59)[0], f"▸ {name} 1:05/0:20  said")
        self.assertRegex(lines(shown, 60)[0], "^▸ test-python-3.11-sl… 1:05/0:20  said$")

    def test_status_has_bar_counts_and_expected_end(self) -> None:
        status = lines(picture(), 120)[-2]
        self.assertRegex(
            status,
            r"^█+▒+░+  2/12 done, 1 failed, 3 running, 7 waiting, 1:05, about 2 min left$",
        )

    def test_status_of_a_narrow_screen_keeps_done_and_failed(self) -> None:
        for columns in (22, 40):
            self.assertRegex(lines(picture(), columns)[-2], "2/12 done, 1 failed")

    def test_one_failure_among_thousands_is_in_the_bar(self) -> None:
        look = Look(colour=True)
        status = frame.draw(picture(1, 2000, done=1000, failed=1), 120, 24, look)[-2]
        self.assertIn("\x1b[31m█\x1b[0m", status)

    def test_skipped_jobs_are_no_failed_ones(self) -> None:
        self.assertIn("1 failed, 9 skipped,", lines(picture(1, 20, skipped=9, done=11), 120)[-2])

    def test_cancelled_and_skipped_jobs_are_not_in_the_part_of_the_failed(self) -> None:
        shown = picture(1, 10, failed=0, cancelled=1, skipped=2, done=5)
        status = frame.draw(shown, 120, 24, Look(colour=True))[-2]
        self.assertIn("1 cancelled\x1b[0m, \x1b[33m2 skipped", status)
        self.assertNotIn("\x1b[31m", status)
        self.assertRegex(status, "^\x1b\\[33m█+\x1b\\[0m\x1b\\[32m█+")

    def test_expected_end_that_is_over_is_said(self) -> None:
        self.assertIn("40 s over the expected end", lines(picture(left=-40.0), 120)[-2])
        self.assertNotIn("left", lines(picture(left=None), 120)[-2])

    def test_jobs_without_room_are_counted(self) -> None:
        made = lines(picture(200, 300), 80, 24)
        self.assertEqual(len(made), frame.most_rows(24) + 2)
        self.assertEqual(made[-3], "  and 185 more that run")

    def test_job_that_is_chosen_is_in_sight_and_marked(self) -> None:
        made = lines(picture(200, 300, mode=Mode("pick log", job="job-150")), 80, 24)
        self.assertEqual([line[:9] for line in made if line.startswith("> ")], ["> job-150"])
        self.assertIn("follow the log of job-150?", made[-1])

    def test_log_that_is_followed_shows_its_end(self) -> None:
        said = {"job-1": [f"line {n}" for n in range(100)]}
        made = lines(picture(mode=Mode("log", job="job-1"), said=said))
        self.assertEqual(made[0], "log of job-1 (0:55/0:20)")
        self.assertEqual(made[-3], "line 99")
        ended = lines(picture(0, mode=Mode("log", job="job-1"), said=said))
        self.assertEqual(ended[0], "log of job-1 (runs no more)")

    def test_list_of_all_jobs_begins_at_its_place(self) -> None:
        made = lines(picture(total=100, mode=Mode("all", place=40)))
        self.assertEqual(made[:2], ["jobs 41 to 55 of 100", "job 40"])

    def test_without_a_keyboard_no_key_is_named(self) -> None:
        self.assertIn("c cancel", lines(picture())[-1])
        self.assertNotIn("c cancel", lines(picture(keys=False))[-1])

    def test_narrow_screen_names_all_keys(self) -> None:
        self.assertRegex(lines(picture(), 40)[-1], "^t .* l .* c .* q stop$")

    def test_times_are_short(self) -> None:
        told = [frame.clock(seconds) for seconds in (-1, 0.9, 65, 3599, 3600, 90061)]
        self.assertEqual(told, ["0:00", "0:00", "1:05", "59:59", "1:00:00", "25:01:01"])


if __name__ == "__main__":
    unittest.main()
