"""Which runs go: by age, count and bytes, and the most worthy last."""

from __future__ import annotations

import unittest

from lib.run_directories.retention import DAY, HALF_MADE, KnownRun, Limits, reasons

NOW = 1_000 * DAY


def run(name: str, days: float = 1.0, **facts: object) -> KnownRun:
    return KnownRun(name, NOW - days * DAY, **facts)  # type: ignore[arg-type]


def going(known: list[KnownRun], **limits: float) -> list[str]:
    bounds = {"days": 1e6, "runs": 10**6, "bytes": 10**15, **limits}
    return list(reasons(known, Limits(**bounds), NOW))


class Reasons(unittest.TestCase):
    def test_nothing_goes_within_the_bounds(self) -> None:
        self.assertEqual(reasons([], Limits(), NOW), {})
        self.assertEqual(reasons([run("a", 29.9, size=5_000_000_000)], Limits(), NOW), {})

    def test_old_runs_go_and_the_reason_says_why(self) -> None:
        self.assertEqual(
            reasons([run("a", 29), run("b", 31)], Limits(), NOW), {"b": "older than 30 days"}
        )

    def test_oldest_go_while_there_are_too_many_or_they_are_too_large(self) -> None:
        runs = [run(name, days, size=10) for days, name in enumerate("abcde")]
        self.assertEqual(going(runs, runs=3), ["d", "e"])
        self.assertEqual(going(runs, bytes=25), ["c", "d", "e"])
        self.assertEqual(going(runs, runs=3, bytes=25), ["c", "d", "e"])

    def test_live_run_never_goes_and_counts(self) -> None:
        runs = [run("a", 1, live=True), run("b", 2), run("c", 500, live=True, size=99)]
        self.assertEqual(going(runs, days=30, runs=2, bytes=98), ["b"])
        self.assertEqual(going(runs, runs=0), ["b"])

    def test_red_whole_runs_and_the_newest_whole_run_of_a_branch_go_last(self) -> None:
        runs = [
            run("part", 1),
            run("main", 2, whole=True, branch="main"),
            run("older", 3, whole=True, branch="main"),
            run("side", 4, whole=True, branch="side"),
            run("red", 5, whole=True, red=True, branch="main"),
            run("red-part", 6, red=True),
        ]
        last = ["red-part", "older", "red", "side", "main", "part"]
        for count in range(7):
            self.assertEqual(set(going(runs, runs=6 - count)), set(last[:count]))
        self.assertEqual(going(runs, days=1.5), ["older", "red", "red-part"])

    def test_half_of_the_runs_are_the_newest_whatever_the_others_are_worth(self) -> None:
        red = [run(f"red{day}", day, whole=True, red=True) for day in range(10, 16)]
        runs = [run("new", 1), run("newer", 2), *red]
        self.assertEqual(going(runs, runs=4), ["red12", "red13", "red14", "red15"])

    def test_directory_that_was_just_made_stays(self) -> None:
        self.assertEqual(going([run("new", 0.0, begun=False), run("b", 1)], runs=0), ["b"])

    def test_the_most_worthy_go_too_at_three_times_the_age(self) -> None:
        runs = [run("new", 1, whole=True), run("red", 89, whole=True, red=True)]
        self.assertEqual(going(runs, days=30), [])
        runs.append(run("old red", 91, whole=True, red=True))
        self.assertEqual(going(runs, days=30), ["old red"])

    def test_directory_of_a_run_that_never_began_goes_after_an_hour(self) -> None:
        hour = HALF_MADE / DAY
        runs = [run("new", hour / 2, begun=False), run("old", 2 * hour, begun=False)]
        self.assertEqual(going(runs), ["old"])


if __name__ == "__main__":
    unittest.main()
