"""Predictions: they are what then happens, and what they say of edges, pools and delays holds."""

from __future__ import annotations

import contextlib
import io
import json
import math
import random
import shutil
import sqlite3
import tempfile
import threading
import unittest
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest.mock import patch

import pipeline
from benchmarks import predecessor
from lib.model.durations import Timings
from lib.model.job import Job
from lib.model.selection import Choice
from lib.simulate import predict
from lib.simulate.predict import Scenario
from lib.storage import history
from lib.storage.history import History
from tests.support.commit_stage import JOBS
from tests.support.fakes import Fate, Played, jobs, play

NEVER = math.inf


def record(path: Path, *runs: Played) -> Timings:
    """Let a history listen to runs, and return what it remembers of them."""
    for number, played in enumerate(runs):
        listener = History(path, f"run-{number}", "sha")
        for event in played.events:
            listener(event)
    return history.timings(path)


class Recorded(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        self.path = Path(directory.name, "history.db")


class Histories(Recorded):
    def test_nothing_is_known_without_a_history(self) -> None:
        self.assertEqual(history.timings(self.path), Timings())

    def test_usual_is_the_median_of_recent_passes(self) -> None:
        seconds = (900, 900, 900, 2, 9, 3)
        runs = [play(jobs("a", a={"timeout": 9999}), {"a": Fate(s)}) for s in seconds]
        self.assertEqual(record(self.path, *runs).durations, {"a": 3})

    def test_runs_of_the_same_jobs_count_before_others(self) -> None:
        both = play(jobs("a; b"), {"a": Fate(40)})
        alone = [play(jobs("a"), {"a": Fate(5)}) for _ in range(5)]
        record(self.path, both, *alone)
        self.assertEqual(history.timings(self.path).durations["a"], 5)
        self.assertEqual(history.timings(self.path, beside=["a", "b"]).durations["a"], 40)
        self.assertEqual(history.timings(self.path, beside=["a", "new"]).durations["a"], 5)

    def test_tables_of_another_version_are_dropped_and_made_anew(self) -> None:
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            database.execute("CREATE TABLE attempts (job TEXT, seconds REAL)")
            database.execute("INSERT INTO attempts VALUES ('a', 99)")
        self.assertEqual(history.timings(self.path), Timings())
        self.assertEqual(record(self.path, play(jobs("a"), {"a": Fate(3)})).durations, {"a": 3})
        self.assertEqual(history.timings(self.path).durations, {"a": 3})

    def break_in_every_way(self) -> Iterator[str]:
        """Break the history, each time in another way, and tell which."""
        record(self.path, *[play(jobs("a"), {"a": Fate(3)})] * 2)
        good = self.path.read_bytes()
        for how, content in (
            ("garbage", b"not a database, but long enough to be taken for one " * 20),
            ("cut off", good[:5000]),
            ("no page", good[:4096]),
            ("overwritten", good[:4096] + b"\xff" * (len(good) - 4096)),
        ):
            self.path.write_bytes(content)
            yield how
            self.path.unlink()
        self.path.mkdir()
        (self.path / "file").touch()
        yield "a directory"
        shutil.rmtree(self.path)
        for how, table in (
            ("other columns", "CREATE TABLE attempts (job TEXT, seconds REAL)"),
            ("a view", "CREATE VIEW attempts AS SELECT 1 AS job"),
        ):
            with contextlib.closing(sqlite3.connect(self.path)) as database, database:
                database.execute(table)
                database.execute(f"PRAGMA user_version = {history.VERSION}")
            yield how
            self.path.unlink()

    def test_broken_history_is_moved_aside_once_and_a_new_one_begun(self) -> None:
        for how in self.break_in_every_way():
            with self.subTest(how):
                with self.assertRaises(sqlite3.Error):
                    history.timings(self.path)
                self.assertRegex(
                    history.mend(self.path), r"was broken \(.+\) and is history.db.broken"
                )
                self.assertEqual(history.mend(self.path), "")
                self.assertTrue(self.path.with_name("history.db.broken").exists())
                usual = record(self.path, play(jobs("a"), {"a": Fate(3)})).durations
                self.assertEqual(usual, {"a": 3})
                self.assertEqual(history.mend(self.path), "")
                self.path.unlink()
                self.path.with_name("history.db.broken").rename(self.path)

    def test_history_that_another_holds_or_that_must_not_be_read_is_not_broken(self) -> None:
        record(self.path, play(jobs("a"), {"a": Fate(3)}))
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            database.execute("BEGIN EXCLUSIVE")
            with patch.object(history, "PATIENCE", 0.0):
                self.assertEqual(history.mend(self.path), "")
        self.assertEqual(history.timings(self.path).durations, {"a": 3})

    def test_broken_history_that_cannot_be_moved_is_said(self) -> None:
        self.path.write_bytes(b"garbage " * 200)
        with patch.object(Path, "rename", side_effect=PermissionError(13, "no")):
            self.assertIn("cannot be moved away", history.mend(self.path))

    def test_runs_that_find_it_broken_at_once_lose_nothing_of_each_other(self) -> None:
        self.path.write_bytes(b"garbage " * 200)
        ready = threading.Barrier(6)
        found = threading.Barrier(6)
        fault = history._fault

        def fault_of_all(path: Path) -> str:
            told = fault(path)
            with contextlib.suppress(threading.BrokenBarrierError):
                found.wait()
            found.abort()  # the second look, under the lock, waits for nobody
            return told

        def run(number: int) -> str:
            ready.wait()
            told = history.mend(self.path)
            for event in play(jobs("a"), {"a": Fate(number + 1)}).events:
                listeners[number](event)
            return told

        listeners = [History(self.path, f"run-{number}", "sha") for number in range(6)]
        with patch.object(history, "_fault", fault_of_all), ThreadPoolExecutor(6) as pool:
            told = list(pool.map(run, range(6)))
        self.assertEqual(sum(map(bool, told)), 1, told)
        with contextlib.closing(sqlite3.connect(self.path)) as database:
            runs = database.execute("SELECT count(DISTINCT run) FROM attempts").fetchone()
        self.assertEqual(runs, (6,))
        self.assertIn(b"garbage", self.path.with_name("history.db.broken").read_bytes())

    def test_row_without_a_time_does_not_count(self) -> None:
        record(self.path, *[play(jobs("a; b"), {"a": Fate(3), "b": Fate(4)})] * 2)
        with contextlib.closing(sqlite3.connect(self.path)) as database, database:
            database.execute("UPDATE attempts SET seconds = 'x' WHERE job = 'a'")
            database.execute("UPDATE attempts SET seconds = 9e999 WHERE job = 'b'")
        self.assertEqual(history.timings(self.path).durations, {})

    def test_failures_are_not_usual(self) -> None:
        runs = [play(jobs("a"), {"a": Fate(3)}), play(jobs("a"), {"a": Fate(50, code=1)})]
        self.assertEqual(record(self.path, *runs).durations, {"a": 3})

    def test_of_a_flaky_job_the_attempt_that_passed_counts(self) -> None:
        played = play(jobs("a", a={"retries": 1}), {"a": [Fate(50, code=1), Fate(3)]})
        self.assertEqual(record(self.path, played).durations, {"a": 3})

    def test_of_a_service_the_time_to_ready_counts(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"u": "u"}})
        played = play(declared, {"s": Fate(NEVER, writes={"u": 4}), "t": Fate(30)})
        self.assertEqual(record(self.path, played).durations, {"s": 4, "t": 30})

    def test_outputs_that_a_job_waited_for_have_a_time(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o", "p": "p"}})
        played = play(declared, {"a": Fate(10, writes={"o": 4, "p": 5})})
        self.assertEqual(record(self.path, played).outputs, {("a", "o"): 4})

    def test_output_of_an_attempt_that_failed_has_none(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}, "retries": 1}, b={"delay": 3})
        failed = Fate(9, code=1, writes={"o": 8})
        played = play(declared, {"a": [failed, Fate(9, writes={"o": 2})], "b": Fate(2)})
        self.assertEqual(record(self.path, played).outputs, {("a", "o"): 2})
        unseen = play(declared, {"a": [failed, Fate(9)], "b": Fate(2)})
        self.assertEqual(record(self.path.with_name("other.db"), unseen).outputs, {})

    def test_job_that_was_restored_last_time_is_taken_to_be_cached(self) -> None:
        hit = {"a": Fate(50, cache=0)}
        declared = jobs("a", a={"cache": Dummy()})
        ran, restored = play(declared, {"a": Fate(50)}), play(declared, hit)
        told = record(self.path, ran, restored)
        self.assertEqual((round(told.durations["a"]), round(told.restored["a"], 3)), (50, 0.01))
        self.assertEqual(record(self.path, ran).restored, {})

    def test_job_that_other_runs_restored_is_not_taken_to_be_cached_in_this_one(self) -> None:
        cached = {"cache": Dummy()}
        both = play(jobs("a; b", a=cached), {"a": Fate(50)})
        alone = play(jobs("a", a=cached), {"a": Fate(50, cache=0)})
        record(self.path, both, alone)
        self.assertEqual(set(history.timings(self.path).restored), {"a"})
        self.assertEqual(history.timings(self.path, beside=["a", "b"]).restored, {})


class Dummy:
    def to_json(self) -> str:
        return "{}"

    def place(self, cwd: str) -> str:
        return ""


def scenario(declared: list[Job], durations: Mapping[str, float], **more: Any) -> Scenario:
    timings = Timings(durations, more.pop("outputs", {}), more.pop("restored", {}))
    return Scenario(declared, more.pop("pools", {}), timings, **more)


def seconds(declared: list[Job], durations: Mapping[str, float], **more: Any) -> float:
    return predict.predict(scenario(declared, durations, **more)).seconds


class Predictions(Recorded):
    def random_run(self, draw: random.Random) -> tuple[list[Job], dict[str, Fate], dict[str, Any]]:
        names = [f"j{number}" for number in range(draw.randint(2, 12))]
        declared: list[Job] = []
        fates: dict[str, Fate] = {}
        for position, name in enumerate(names):
            takes = round(draw.uniform(1, 60), 1)
            service, made = draw.random() < 0.2, draw.random() < 0.5
            needs = []
            for need in draw.sample(declared, min(position, draw.randint(0, 3))):
                output = need.outputs and draw.random() < 0.5
                needs.append(f"{need.name}:o" if output else need.name)
            declared.append(
                Job(
                    name,
                    "true",
                    needs,
                    timeout=9999,
                    delay=draw.choice([0, 0, 0, 2]),
                    outputs={"o": f"{name}.o"} if made else {},
                    service=service,
                    resources={"cpu": draw.randint(0, 2)},
                )
            )
            writes = {"o": round(takes * draw.uniform(0.1, 1), 1)} if made else None
            if service:
                fates[name] = Fate(NEVER, writes=writes) if made else Fate(takes, leaves=NEVER)
            else:
                fates[name] = Fate(takes, writes=writes)
        options = {"pools": {"cpu": draw.randint(4, 6)}, "max_parallel": draw.choice([None, 1, 3])}
        return declared, fates, options

    def test_prediction_from_recorded_durations_comes_true(self) -> None:
        for seed in range(50):
            declared, fates, options = self.random_run(random.Random(seed))
            path = self.path.with_name(f"{seed}.db")
            first = play(declared, fates, **options)
            if first.code:
                continue  # services took what others need: that is refused, not predicted
            timings = record(path, first)
            then = play(declared, fates, durations=timings.durations, **options)
            told = predict.predict(
                Scenario(declared, options["pools"], timings, options["max_parallel"])
            )
            starts = {span.job: span.started for span in told.spans}
            for name, result in then.scheduler.results.items():
                assert result.started is not None
                self.assertAlmostEqual(starts[name], result.started, delta=0.1, msg=seed)
            self.assertAlmostEqual(told.seconds, then.events[-1].at, delta=0.1, msg=seed)

    def test_path_is_a_chain_without_gaps_from_the_start_to_the_end(self) -> None:
        for seed in range(150):
            declared, fates, options = self.random_run(random.Random(seed))
            durations = {name: fate.seconds for name, fate in fates.items()}
            durations = {name: s if s < NEVER else 7.0 for name, s in durations.items()}
            delays = {job.name: job.delay for job in declared}
            try:
                told = predict.predict(scenario(declared, durations, **options))
            except ValueError as error:
                self.assertIn("can never start", str(error))
                continue
            self.assertEqual(told.path[0].after, "", seed)
            moment = float(delays[told.path[0].job])
            for span in told.path:
                self.assertAlmostEqual(span.started, moment, msg=seed)
                moment = span.ended
            self.assertAlmostEqual(moment, told.seconds, msg=seed)

    def test_slots_and_pools_are_accounted_for(self) -> None:
        four = jobs("a; b; c; d", **{name: {"resources": {"cpu": 2}} for name in "abcd"})
        each = dict.fromkeys("abcd", 10.0)
        self.assertEqual(seconds(four, each, pools={"cpu": 8}), 10)
        self.assertEqual(seconds(four, each, pools={"cpu": 4}), 20)
        self.assertEqual(seconds(four, each, pools={"cpu": 8}, max_parallel=1), 40)

    def test_service_serves_from_ready_until_its_last_dependent_ended(self) -> None:
        declared = jobs("s; t<s; u<t,s", s={"service": True, "outputs": {"o": "o"}})
        told = predict.predict(scenario(declared, {"s": 4, "t": 10, "u": 3}))
        self.assertEqual({span.job: (span.started, span.ended) for span in told.spans}, {
            "s": (0, 17), "t": (4, 14), "u": (14, 17)
        })  # fmt: skip
        self.assertEqual([span.job for span in told.path], ["s", "t", "u"])

    def test_output_edge_fires_when_the_output_was_there(self) -> None:
        declared = jobs("a; b<a:o", a={"outputs": {"o": "o"}})
        durations, outputs = {"a": 10.0, "b": 20.0}, {("a", "o"): 4.0}
        self.assertEqual(seconds(declared, durations, outputs=outputs), 24)
        self.assertEqual(seconds(declared, durations), 30)

    def test_cached_job_takes_the_seconds_of_its_restore_unless_set(self) -> None:
        declared = jobs("a; b<a", a={"cache": Dummy()})
        made = scenario(declared, {"a": 50, "b": 1}, restored={"a": 0.5})
        self.assertEqual(predict.predict(made).seconds, 1.5)
        self.assertEqual(predict.predict(predict.with_durations(made, {"a": 9})).seconds, 10)

    def test_outputs_are_there_at_the_latest_when_a_job_is_done(self) -> None:
        declared = jobs("s; t<s", s={"service": True, "outputs": {"o": "o"}})
        made = scenario(declared, {"s": 9, "t": 2}, outputs={("s", "o"): 4})
        self.assertEqual(predict.predict(predict.with_durations(made, {"s": 1})).seconds, 3)

    def test_path_goes_by_the_dependency_though_another_job_ended_then(self) -> None:
        told = predict.predict(scenario(jobs("x; a; b<a"), {"x": 5, "a": 5, "b": 2}))
        self.assertEqual([span.job for span in told.path], ["a", "b"])

    def test_never_timed_counts_as_the_median_and_is_named(self) -> None:
        told = predict.predict(scenario(jobs("a; b; c; new<c"), {"a": 1, "b": 4, "c": 90}))
        self.assertEqual((told.seconds, told.guessed), (94, ("new",)))

    def test_job_longer_than_its_timeout_is_played_to_its_end(self) -> None:
        self.assertEqual(seconds(jobs("a; b<a", a={"timeout": 5}), {"a": 50, "b": 1}), 51)

    def test_selection_counts(self) -> None:
        declared, durations = jobs("a; b<a; c"), {"a": 5.0, "b": 6.0, "c": 7.0}
        self.assertEqual(seconds(declared, durations, choice=Choice(only_jobs=["a"])), 5)
        self.assertEqual(
            seconds(declared, durations, choice=Choice(only_jobs=["b"], no_deps=True)), 6
        )
        self.assertEqual(seconds(declared, durations, choice=Choice(skip_jobs=["a"])), 7)
        self.assertEqual(seconds(declared, durations, choice=Choice(first_jobs=["c"])), 7 + 11)

    def test_share_of_a_pool_that_is_used(self) -> None:
        declared = jobs("a; b<a", a={"resources": {"cpu": 2}}, b={"resources": {"cpu": 1}})
        told = predict.predict(scenario(declared, {"a": 10, "b": 10}, pools={"cpu": 2}))
        self.assertEqual((told.shares, told.parallel), ({"cpu": 0.75}, 1))

    def test_a_run_that_cannot_come_to_its_end_is_refused(self) -> None:
        fields = {"service": True, "outputs": {"o": "o"}, "resources": {"x": 1}}
        declared = jobs("s; t<s", s=fields, t={"resources": {"x": 1}})
        with self.assertRaisesRegex(ValueError, "can never start"):
            seconds(declared, {})


class WhatIf(unittest.TestCase):
    def test_dropped_edge_lets_its_end_start_earlier(self) -> None:
        made = scenario(jobs("a; b<a; c<a,b"), {"a": 5, "b": 6, "c": 7})
        dropped = predict.without_edge(made, "b:c")
        self.assertEqual(
            (predict.predict(made).seconds, predict.predict(dropped).seconds), (18, 12)
        )

    def test_dropping_an_edge_takes_that_of_its_outputs_too(self) -> None:
        made = scenario(jobs("a; b<a:o", a={"outputs": {"o": "o"}}), {"a": 5, "b": 6})
        self.assertEqual(predict.predict(predict.without_edge(made, "a:b")).seconds, 6)

    def test_edge_and_job_that_are_not_there_are_refused_with_the_nearest(self) -> None:
        made = scenario(jobs("build; test<build"), {})
        with self.assertRaisesRegex(ValueError, "did you mean 'build:test'"):
            predict.without_edge(made, "biuld:test")
        with self.assertRaisesRegex(ValueError, "did you mean 'test'"):
            predict.with_durations(made, {"tset": 1})

    def test_dearest_edge_pool_and_delay_are_found_by_runs_without_them(self) -> None:
        each = {"resources": {"port": 1}}
        declared = jobs("a; b<a; c; d", a={"delay": 2}, c=each, d=each)
        made = scenario(declared, {"a": 10, "b": 9, "c": 15, "d": 14})
        told = {cost.what: cost.seconds for cost in predict.costs(made)}
        self.assertEqual(told, {"pool port=1": 8})  # 29 s; then a and b are the longest, 21 s
        free = scenario(jobs("a; b<a; c; d", a={"delay": 2}), {"a": 10, "b": 9, "c": 15, "d": 14})
        told = {cost.what: cost.seconds for cost in predict.costs(free)}
        self.assertEqual(told, {"edge a:b": 6, "delay of a": 2})

    def test_limit_of_slots_is_among_the_costs(self) -> None:
        made = scenario(jobs("a; b"), {"a": 10, "b": 9}, max_parallel=1)
        self.assertEqual(predict.costs(made), [predict.Cost("-j 1", 9)])


class Predecessor(unittest.TestCase):
    def run_of(self, machine: int, **more: Any) -> float:
        seen = predecessor.MACHINES[machine]
        declared = more.pop("declared", predecessor.jobs())
        return seconds(declared, seen.durations, **more)

    def test_it_has_sixteen_jobs_and_four_delays(self) -> None:
        declared = predecessor.jobs()
        self.assertEqual(len(declared), 16)
        self.assertEqual(sorted(job.delay for job in declared if job.delay), [2, 2, 10, 10])
        self.assertEqual([j.delay for j in predecessor.jobs(without=(2.0, 10.0)) if j.delay], [])

    def test_delays_of_ten_seconds_cost_four_on_sixteen_cores(self) -> None:
        without = predecessor.jobs(without=(predecessor.LONG,))
        self.assertEqual(self.run_of(1) - self.run_of(1, declared=without), 4)

    def test_longest_path_first_is_shorter_than_its_order_where_slots_are_short(self) -> None:
        ordered = self.run_of(2, max_parallel=2, by_urgency=False)
        self.assertLess(self.run_of(2, max_parallel=2), 0.8 * ordered)


class Commands(Recorded):
    def simulate(self, *arguments: str) -> tuple[int, str]:
        output = io.StringIO()
        state = ["--state-dir", str(self.path.parent)]
        with contextlib.redirect_stdout(output), contextlib.redirect_stderr(output):
            code = pipeline.main(["simulate", *state, *arguments])
        return code, output.getvalue()

    def test_without_any_duration_it_is_refused(self) -> None:
        code, told = self.simulate()
        self.assertEqual(code, 2)
        self.assertIn("no durations are recorded", told)

    def test_it_tells_seconds_path_use_costs_and_assumptions(self) -> None:
        record(self.path, play([Job("lint-python", "true"), Job("build-js", "true")]))
        code, told = self.simulate("--set", "playwright-jupyter=500", "--cpus", "16", "-j", "99")
        self.assertEqual(code, 0)
        self.assertRegex(told, rf"\A5\d\d\.\d s for {JOBS} jobs, with cpu=16, memory=\d+, -j 99\n")
        self.assertRegex(told, r"500\.0 s  playwright-jupyter  after [^\n]+\n")
        self.assertRegex(told, r"used: cpu \d+ %, memory \d+ %, \d\.\d jobs at once\n")
        self.assertRegex(told, r"\d s  edge \S+:\S+\n")
        self.assertIn("never timed, so taken as the median: build-wheel,", told)

    def test_json_tells_the_same_to_programs(self) -> None:
        _, told = self.simulate("--set", "lint-python=3", "--only-jobs", "lint-python", "--json")
        parsed = json.loads(told)
        self.assertEqual((parsed["seconds"], parsed["path"][0]["job"]), (3, "lint-python"))

    def test_mistyped_names_are_refused_with_the_nearest(self) -> None:
        for wrong in (["--drop-edge", "build-js:build-wheal"], ["--set", "lint-pyhton=3"]):
            code, told = self.simulate("--set", "test-js=3", *wrong)
            self.assertEqual(code, 2)
            self.assertIn("did you mean", told)

    def test_more_than_a_timeout_is_said(self) -> None:
        _, told = self.simulate("--set", "lint-python=5000", "--only-jobs", "lint-python")
        self.assertIn("longer than its timeout, so it would fail: lint-python", told)
        self.assertIn("longer than the run's timeout", told)

    def test_a_file_that_is_no_history_is_refused(self) -> None:
        self.path.write_text("not a database, but long enough to be taken for one " * 20)
        self.assertEqual(self.simulate()[0], 2)

    def test_shape_of_the_predecessor_shows_a_column_for_each_machine(self) -> None:
        rows = predecessor.shape()
        self.assertIn("16 fast cores, warm", rows[0])
        self.assertTrue(all(len(row) == len(rows[0]) for row in rows))
        self.assertEqual(self.simulate("--shape", "predecessor"), (0, "\n".join(rows) + "\n"))


if __name__ == "__main__":
    unittest.main()
