"""A job: its fields, that it cannot be changed, and every problem of it at once."""

from __future__ import annotations

import copy
import json
import math
import os
import pickle
import re
import unittest
from collections import ChainMap, UserDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from dsl import Cache, Job
from tests.support.declaring import pipeline, problems


class Fields(unittest.TestCase):
    def test_names_and_defaults_are_fixed(self) -> None:
        job = Job("a", "true")
        found = (job.depends_on, job.nice, job.delay, job.fast_fail, job.timeout)
        self.assertEqual(found, ([], 0, 0, False, 120))
        self.assertEqual((job.outputs, job.env, tuple(job.ok_codes)), ({}, {}, (0, 5)))
        self.assertEqual((job.retries, job.allow_failure, job.service), (0, False, False))
        self.assertEqual((job.testcases, job.when), (True, "success"))

    def test_order_of_positional_fields_is_fixed(self) -> None:
        job = Job("a", "true", ["b"], 1, 2, True, 3, {"o": "p"}, {"E": "v"})
        self.assertEqual((job.nice, job.delay, job.timeout), (1, 2, 3))
        self.assertEqual((job.outputs, job.env), ({"o": "p"}, {"E": "v"}))
        with self.assertRaises(TypeError):
            Job("a", "true", [], 0, 0, False, 1, {}, {}, (0,))  # type: ignore[call-arg]

    def test_job_is_not_changed_but_declared_anew(self) -> None:
        job = Job("a", "true", ["b"], retries=2)
        with self.assertRaisesRegex(AttributeError, "job a: timeout cannot be changed"):
            job.timeout = 3
        other = job.but(timeout=3)
        self.assertEqual((job.timeout, other.timeout), (120, 3))
        self.assertEqual((other.depends_on, other.retries), (["b"], 2))
        with self.assertRaisesRegex(ValueError, "retries"):
            job.but(retries=-1)

    def test_jobs_that_declare_the_same_are_equal(self) -> None:
        self.assertEqual(Job("a", "true", ["b"]), Job("a", "true", depends_on=["b"]))
        self.assertNotEqual(Job("a", "true"), Job("a", "true", retries=1))
        self.assertEqual(len({Job("a", "true"), Job("a", "true"), Job("b", "true")}), 2)

    def test_a_list_and_a_tuple_of_the_same_declare_the_same(self) -> None:
        listed = Job("a", ["x"], ["b"], ok_codes=[0], requires=["r"], cpus=[0])
        self.assertEqual(
            listed, Job("a", ("x",), ("b",), ok_codes=(0,), requires=("r",), cpus=(0,))
        )
        self.assertNotEqual(Job("a", "x"), Job("a", ["x"]))

    def test_change_of_the_callers_lists_changes_no_job(self) -> None:
        cmd, needs, codes, programs, outputs = ["x"], ["b"], [0], ["r"], {"o": "p"}
        env, pools, cpus = {"A": "1"}, {"cpu": 1}, {0}
        job = Job(
            "a",
            cmd,
            needs,
            outputs=outputs,
            env=MappingProxyType(env),
            ok_codes=codes,
            requires=programs,
            resources=pools,
            cpus=cpus,
        )
        for given in (cmd, needs, codes, programs, outputs, env, pools, cpus):
            given.clear()
        self.assertEqual((job.cmd, job.depends_on, job.ok_codes), (["x"], ["b"], [0]))
        self.assertEqual((job.requires, job.outputs, job.env), (["r"], {"o": "p"}, {"A": "1"}))
        self.assertEqual((job.resources, job.cpus), ({"cpu": 1}, {0}))

    def test_mappings_of_any_kind_are_copied_and_cannot_be_changed(self) -> None:
        given = {"A": "1"}
        for mapping in (given, UserDict(given), ChainMap(given), MappingProxyType(given)):
            job = Job("a", "true", env=mapping, outputs=mapping, resources={"m": 1})
            mine: Any = job
            given["B"] = "2"
            for kept in (mine.env, mine.outputs, mine.resources):
                with self.assertRaises(TypeError):
                    kept["B"] = 7
            self.assertEqual((job.env, job.outputs), ({"A": "1"}, {"A": "1"}))
            self.assertEqual(
                job, Job("a", "true", env=job.env, outputs=job.env, resources={"m": 1})
            )
            self.assertEqual(job.but(nice=1).env, {"A": "1"})
            del given["B"]
        self.assertEqual(Job("a", "true", env=os.environ).env, dict(os.environ))

    def test_lists_of_a_job_refuse_every_change(self) -> None:
        def add(several: Any) -> None:
            several += ["y"]

        def double(several: Any) -> None:
            several *= 2

        changes: tuple[Callable[[Any], object], ...] = (
            lambda several: several.append("y"),
            lambda several: several.extend(["y"]),
            lambda several: several.insert(0, "y"),
            lambda several: several.remove(several[0]),
            lambda several: several.pop(),
            lambda several: several.clear(),
            lambda several: several.sort(),
            lambda several: several.reverse(),
            lambda several: several.__setitem__(0, "y"),
            lambda several: several.__delitem__(0),
            add,
            double,
        )
        for make in (list, tuple):
            job: Any = Job("a", make("x"), make("b"), ok_codes=make([3]), requires=make("r"))
            for field in ("cmd", "depends_on", "ok_codes", "requires"):
                before = list(getattr(job, field))
                for change in changes if make is list else changes[:8]:
                    with self.assertRaises((AttributeError, TypeError)):
                        change(getattr(job, field))
                    self.assertEqual(list(getattr(job, field)), before)
        with self.assertRaises(TypeError):
            Job("a", "true").depends_on.append("y")  # type: ignore[attr-defined]
        with self.assertRaises(AttributeError):
            Job("a", "true", cpus={0}).cpus.add(1)  # type: ignore[attr-defined]
        with self.assertRaises(AttributeError):
            del Job("a", "true").nice

    def test_lists_of_a_job_can_be_used_as_lists(self) -> None:
        needs: Any = Job("a", "true", ["b"]).depends_on
        self.assertEqual((needs, ["b"]), (["b"], needs))
        self.assertEqual((repr(needs), json.dumps(needs)), ("['b']", '["b"]'))
        self.assertEqual(needs + ["c"], ["b", "c"])  # noqa: RUF005
        for copied in (copy.copy(needs), copy.deepcopy(needs), pickle.loads(pickle.dumps(needs))):
            self.assertEqual(copied, ["b"])
        self.assertEqual(Job("a", "true").depends_on, [])

    def test_copies_and_pickles_of_a_job_declare_the_same(self) -> None:
        for job in (
            Job("a", "true"),
            Job("a", ["x"], ["b:o"], env={"A": "1"}, retries=2, cache=Cache("k", "out", "store")),
        ):
            for other in (copy.copy(job), copy.deepcopy(job), pickle.loads(pickle.dumps(job))):
                self.assertEqual(other, job)
                self.assertEqual(other.but(nice=1), job.but(nice=1))
                with self.assertRaisesRegex(AttributeError, "job a: nice cannot be changed"):
                    other.nice = 1


class Problems(unittest.TestCase):
    def test_text_in_place_of_a_flag_is_refused(self) -> None:
        for flag in ("fast_fail", "allow_failure", "service", "testcases", "retry_alone"):
            words: dict[str, Any] = {flag: "false"}
            with self.assertRaisesRegex(ValueError, f"{flag}: expected True or False"):
                Job("a", "true", **words)

    def test_variables_that_no_environment_can_hold_are_refused_by_name(self) -> None:
        wrong: dict[Any, Any] = {"A": 1, "B=": "x", "": "x", "D\0": "x", "E": "s3cret\0", 6: "x"}
        for make in (
            lambda: Job("a", "true", env={**wrong, "GOOD": "x"}),
            lambda: pipeline(Job("a", "true"), env={**wrong, "GOOD": "x"}),
        ):
            found = problems(make)
            self.assertEqual(len(found), len(wrong), found)
            for line, name in zip(
                found, ("'A'", "'B='", "''", r"'D\x00'", "'E'", "6"), strict=True
            ):
                self.assertRegex(line, rf"env: .*{re.escape(name)}")
            self.assertNotIn("s3cret", "".join(found))
        for nothing in (["A=1"], "A=1", 7):
            env: Any = nothing
            self.assertEqual(len(problems(lambda env=env: Job("a", "true", env=env))), 1)
            self.assertEqual(len(problems(lambda env=env: pipeline(env=env))), 1)

    def test_names_become_file_names(self) -> None:
        for name in ("", "a/b", "../a", "-a", ".a", "a b", "a\n", "ü", "a:b", "a#2", "ci"):
            self.assertEqual(len(problems(lambda name=name: Job(name, "true"))), 1, name)
        for name in ("a", "A-1", "test-python-3.13", "x_y.z", "7"):
            self.assertEqual(problems(lambda name=name: Job(name, "true")), [])

    def test_every_problem_of_a_job_is_listed(self) -> None:
        found = problems(
            lambda: Job(
                "a b",
                "",
                delay=-1,
                timeout=0,
                retries=-1,
                nice=99,
                resources={"cpu": -2},
                when="sometimes",
                ok_codes=(),
            )
        )
        for word in ("name", "cmd", "delay", "timeout", "retries", "nice", "resources", "when"):
            self.assertTrue(any(f" {word}:" in line for line in found), word)
        self.assertEqual(len(found), 9)

    def test_numbers_that_are_none_are_refused(self) -> None:
        self.assertTrue(problems(lambda: Job("a", "true", timeout=math.nan)))
        self.assertTrue(problems(lambda: Job("a", "true", timeout=True)))
        self.assertTrue(problems(lambda: Job("a", "true", delay="1")))  # type: ignore[arg-type]

    def test_number_that_no_clock_can_hold_is_refused(self) -> None:
        for what in ("timeout", "delay"):
            words: dict[str, Any] = {what: 10**400}
            self.assertIn(
                f"{what}: expected", problems(lambda words=words: Job("a", "x", **words))[0]
            )
        for what in ("timeout", "grace", "pressure"):
            words = {what: 10**400}
            (found,) = problems(lambda words=words: pipeline(Job("a", "x"), **words))
            self.assertIn(f"{what}: expected", found)

    def test_text_that_no_program_can_be_given_is_refused(self) -> None:
        for text in ("x\0", "x\ud800"):
            for fields in (
                {"cmd": text},
                {"cmd": ["x", text]},
                {"cmd": "x", "outputs": {"o": text}},
                {"cmd": "x", "env": {"A": text}},
                {"cmd": "x", "env": {text: "A"}},
            ):
                words: dict[str, Any] = fields
                self.assertEqual(len(problems(lambda words=words: Job("a", **words))), 1, fields)
        name = os.fsdecode(b"x\xff")
        self.assertEqual(problems(lambda: Job("a", name, outputs={"o": name}, env={"A": name})), [])

    def test_command_of_blanks_is_refused_as_an_empty_one(self) -> None:
        for blank in ("", " ", "\n\t \n"):
            for make in (
                lambda blank=blank: Job("a", blank),
                lambda blank=blank: Cache(blank, "out", "store"),
            ):
                (found,) = problems(make)
                self.assertIn("expected a bash command or a list of arguments", found)

    def test_cache_that_is_none_is_refused(self) -> None:
        for nothing in ("x", 7, Cache):
            cache: Any = nothing
            found = problems(lambda cache=cache: Job("a", "true", cache=cache))
            self.assertEqual(len(found), 1)
            self.assertIn("cache: expected a Cache", found[0])

    def test_a_string_of_dependencies_is_refused(self) -> None:
        self.assertIn("expected a list", problems(lambda: Job("a", "true", "b"))[0])


if __name__ == "__main__":
    unittest.main()
