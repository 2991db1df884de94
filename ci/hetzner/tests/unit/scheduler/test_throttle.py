"""Starts that are held back while the machine is under pressure, and how that is read."""

from __future__ import annotations

import math
import tempfile
import unittest
from pathlib import Path

from lib.machine import load as machine_load
from lib.model import events
from lib.model.result import Load
from lib.scheduler.throttle import Throttle
from tests.support.fakes import Fate, Played, jobs, play

NEVER = math.inf


def starts(played: Played) -> dict[str, float | None]:
    return {name: result.started for name, result in played.scheduler.results.items()}


def notes(played: Played) -> list[str]:
    return [note.text for note in played.of(events.Note)]


class Pressure(unittest.TestCase):
    """Starts are held back while the machine is busy; never for ever, never when it is idle."""

    def after_a(
        self, load: Load | None, until: float = NEVER, a: float = 100, **more: Fate
    ) -> Played:
        """Play long `a`, and `c` that could start at 5; the load lasts from 1 up to a moment."""

        def loads(now: float) -> Load:
            return load if load and (1 <= now < until or load.pressure is None) else Load(0, 0, 0)

        fates = {"a": Fate(a), "b": Fate(5), **more}
        return play(jobs("a; b; c<b", a={"timeout": 999}), fates, pressure=60, load=loads)

    def test_starts_are_held_back_above_the_limit_of_either_and_go_on_below(self) -> None:
        for busy in (Load(9, cpu=61, memory=0), Load(9, cpu=0, memory=61)):
            self.assertEqual(starts(self.after_a(busy, until=8))["c"], 9)

    def test_pressure_at_the_limit_holds_nothing_back(self) -> None:
        self.assertEqual(starts(self.after_a(Load(9, cpu=60, memory=60)))["c"], 5)

    def test_never_with_nothing_running(self) -> None:
        self.assertEqual(starts(self.after_a(Load(9, cpu=99), a=12))["c"], 12)

    def test_never_for_ever(self) -> None:
        self.assertEqual(starts(self.after_a(Load(9, cpu=99)))["c"], 5 + 30)

    def test_one_start_at_a_time_goes_ahead_of_a_pressure_that_lasts(self) -> None:
        played = play(
            jobs("a; b; c; d", a={"timeout": 999}),
            {"a": Fate(200), "d": Fate(100)},
            pressure=60,
            load=lambda _: Load(9, cpu=99),
        )
        self.assertEqual(list(starts(played).values()), [0, 30, 60, 90])

    def test_held_back_job_is_noted_once_and_in_its_cause_of_waiting(self) -> None:
        played = self.after_a(Load(9, cpu=83.4), until=20)
        self.assertEqual(notes(played), ["starts are held back: cpu pressure 83 %"])
        self.assertEqual(played.scheduler.results["c"].waited_for, "cpu pressure 83 %")

    def test_no_wake_up_but_while_something_is_held_back(self) -> None:
        calm, busy = self.after_a(Load(0, cpu=0)), self.after_a(Load(9, cpu=99), until=20)
        timeouts = {999, 120, 125, 126}  # those of the jobs, seconds after their starts
        self.assertLessEqual(set(calm.executor.waits), timeouts)
        looks = [due for due in busy.executor.waits if due not in timeouts and due < 120]
        self.assertEqual(looks, [7, 9, 11, 13, 15, 17, 19, 21])

    def test_a_held_job_that_is_cancelled_leaves_no_wake_up_behind(self) -> None:
        played = play(
            jobs("a; b; c<b; x<c"),
            {"a": Fate(90), "b": Fate(5)},
            pressure=60,
            load=lambda now: Load(9, cpu=99 if now > 1 else 0),
            signals=[(10, 15)],
        )
        self.assertEqual(played.code, 143)
        self.assertEqual(played.outcomes(), "a=cancelled b=passed c=cancelled x=cancelled")

    def test_a_reading_holds_for_two_seconds(self) -> None:
        readings = iter([Load(9, cpu=99), Load(0, cpu=0)])
        throttle = Throttle(60, lambda: next(readings))
        self.assertEqual([throttle.holds(now, busy=True) for now in (5, 6, 7)], [True, True, False])

    def test_where_nothing_tells_the_pressure_that_is_said_once_and_nothing_held(self) -> None:
        played = self.after_a(Load(9))
        self.assertEqual(starts(played)["c"], 5)
        self.assertEqual(len(notes(played)), 1)
        self.assertIn("does not tell the pressure", notes(played)[0])

    def test_without_a_limit_nothing_is_read(self) -> None:
        def refuse(now: float) -> Load:
            raise AssertionError("the load was read")

        self.assertEqual(play(jobs("a; b<a"), load=refuse).code, 0)


class Reading(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.directory = Path(directory.name)

    def test_pressure_is_some_of_the_last_ten_seconds(self) -> None:
        lines = (
            "some avg10=12.34 avg60=1.00 avg300=0.00 total=1\nfull avg10=99.00 avg60=0 total=1\n"
        )
        (self.directory / "cpu").write_text(lines)
        (self.directory / "memory").write_text(lines.replace("12.34", "0.00"))
        load = machine_load.load(self.directory)
        self.assertEqual((load.cpu, load.memory, load.pressure), (12.34, 0.0, 12.34))

    def test_a_system_without_it_tells_none(self) -> None:
        load = machine_load.load(self.directory)
        self.assertEqual((load.cpu, load.memory, load.pressure), (None, None, None))
        self.assertGreaterEqual(load.average, 0)

    @unittest.skipUnless(Path("/proc/pressure/cpu").exists(), "this system tells no pressure")
    def test_this_machine_is_understood(self) -> None:
        load = machine_load.load()
        for percent in (load.cpu, load.memory):
            assert percent is not None
            self.assertTrue(0 <= percent <= 100)


if __name__ == "__main__":
    unittest.main()
