"""What constructors refuse: every problem at once, before anything starts."""

from __future__ import annotations

import copy
import io
import json
import math
import os
import pickle
import re
import tempfile
import unittest
from collections import ChainMap, UserDict
from collections.abc import Callable
from types import MappingProxyType
from typing import Any

from dsl import Cache, Job, Pipeline
from lib.model.selection import Choice


def problems(make: Any) -> list[str]:
    try:
        make()
    except ValueError as error:
        return str(error).splitlines()
    return []


def pipeline(*jobs: Job, **options: Any) -> Pipeline:
    return Pipeline(list(jobs), "sha", "main", "/nowhere", **{"cwd": "/", **options})


class Jobs(unittest.TestCase):
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

    def test_text_in_place_of_a_flag_is_refused(self) -> None:
        for flag in ("fast_fail", "allow_failure", "service", "testcases", "retry_alone"):
            words: dict[str, Any] = {flag: "false"}
            with self.assertRaisesRegex(ValueError, f"{flag}: expected True or False"):
                Job("a", "true", **words)

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


class Pipelines(unittest.TestCase):
    def test_two_jobs_of_one_name_are_refused(self) -> None:
        found = problems(lambda: pipeline(Job("a", "true"), Job("a", "false")))
        self.assertIn("used by 2 jobs", found[0])

    def test_unknown_and_self_dependencies_are_refused_with_the_nearest_name(self) -> None:
        found = problems(lambda: pipeline(Job("build", "x"), Job("b", "x", ["biuld", "b"])))
        self.assertEqual(len(found), 2)
        self.assertIn("did you mean 'build'?", found[0])
        self.assertIn("is the job itself", found[1])

    def test_unknown_output_is_refused(self) -> None:
        declared = (Job("a", "x", outputs={"out": "p"}), Job("b", "x", ["a:otu"]))
        self.assertIn("did you mean 'out'?", problems(lambda: pipeline(*declared))[0])

    def test_cycle_is_shown_in_the_order_of_need(self) -> None:
        declared = (Job("a", "x", ["b"]), Job("b", "x", ["c"]), Job("c", "x", ["a"]))
        (found,) = problems(lambda: pipeline(*declared))
        self.assertIn(
            found.split(" (")[0],
            [
                f"cycle: {way}"
                for way in ("a -> b -> c -> a", "b -> c -> a -> b", "c -> a -> b -> c")
            ],
        )

    def test_resource_larger_than_its_pool_is_refused(self) -> None:
        found = problems(
            lambda: pipeline(Job("a", "x", resources={"cpu": 5}), resources={"cpu": 4})
        )
        self.assertIn("wants 5, the pool has 4", found[0])
        found = problems(lambda: pipeline(Job("a", "x", resources={"lock": 2})))
        self.assertIn("mutex of one", found[0])

    def test_outputs_whose_variables_collide_are_refused(self) -> None:
        declared = (Job("a-b", "x", outputs={"c": "p"}), Job("a.b", "x", outputs={"C": "q"}))
        self.assertIn("CI_OUT_A_B_C", problems(lambda: pipeline(*declared))[0])

    def test_one_path_promised_by_two_jobs_that_may_run_at_once_is_refused(self) -> None:
        a = Job("a", "x", outputs={"o": "out/x"})
        for path in ("out/x", "./out//x", "out/y/../x", "/work/out/x"):
            other = Job("b", "x", outputs={"p": path})
            (found,) = problems(lambda other=other: pipeline(a, other, cwd="/work"))
            for word in ("a:o and b:p", "/work/out/x", "neither job waits for the end"):
                self.assertIn(word, found)

    def test_one_path_may_be_promised_by_jobs_that_run_one_after_the_other(self) -> None:
        made = {"outputs": {"o": "out"}}
        first, last = Job("a", "x", **made), Job("b", "x", ["c"], **made)  # type: ignore[arg-type]
        between = Job("c", "x", ["a"])
        for declared in ((first, between, last), (last, between, first)):
            self.assertEqual(problems(lambda declared=declared: pipeline(*declared)), [])
        twice = Job("a", "x", outputs={"o": "out", "p": "./out"})
        self.assertEqual(problems(lambda: pipeline(twice)), [])

    def test_edge_to_an_output_or_to_a_service_does_not_wait_for_the_end(self) -> None:
        for first, need in (
            (Job("a", "x", outputs={"o": "out"}), "a:o"),
            (Job("a", "x", outputs={"o": "out"}, service=True), "a"),
        ):
            for declared in (
                (first, Job("b", "x", [need], outputs={"o": "out"})),
                (first, Job("c", "x", [need]), Job("b", "x", ["c"], outputs={"o": "out"})),
            ):
                found = problems(lambda declared=declared: pipeline(*declared))
                self.assertEqual(len(found), 1, declared)

    def test_cache_that_may_restore_over_an_output_of_another_job_is_refused(self) -> None:
        lib = Job("lib", "x", cache=Cache("k", "out", "store"))
        for other in (
            Job("docs", "x", outputs={"b": "out/b"}),
            Job("docs", "x", outputs={"b": "/work/x/../out"}),
            Job("docs", "x", outputs={"all": "."}),
            Job("docs", "x", ["lib:o"], outputs={"b": "out/b"}),  # does not wait for its end
            Job("docs", "x", cache=Cache("k", "out", "store")),
            Job("docs", "x", cache=Cache("k", "b", "store", cwd="/work/out")),
            Job("docs", "x", cache=Cache("k", "../out", "store", cwd="sub")),
        ):
            cached = lib.but(outputs={"o": "out/o"})
            if not other.depends_on:
                cached = lib
            for declared in ((cached, other), (other, cached)):
                (found,) = problems(lambda declared=declared: pipeline(*declared, cwd="/work"))
                for word in ("the artifact of lib (/work/out)", "docs", "a directory of its own"):
                    self.assertIn(word, found)
        (found,) = problems(
            lambda: pipeline(Job("docs", "x", outputs={"b": "out/b"}), lib.but(depends_on=["docs"]))
        )
        self.assertIn("docs:b (/out/b) and the artifact of lib (/out) overlap", found)

    def test_cache_may_hold_its_own_outputs_and_be_written_to_when_its_job_has_ended(self) -> None:
        cached = Job("a", "x", outputs={"o": "out/o", "p": "out"}, cache=Cache("k", "out", "store"))
        for other in (
            Job("b", "x", outputs={"o": "out2/o"}),
            Job("b", "x", ["a"], outputs={"report": "out/report"}),
            Job("b", "x", cache=Cache("k", "out", "store", cwd="/work/sub")),
        ):
            found = problems(lambda other=other: pipeline(cached, other, cwd="/work"))
            self.assertEqual(found, [], other)

    def test_of_many_overlapping_caches_some_are_told(self) -> None:
        cache = Cache("k", "out", "store")
        many = [Job(f"j{number}", "x", cache=cache) for number in range(2000)]
        self.assertEqual(len(problems(lambda: pipeline(*many))), 20)

    def test_each_of_many_jobs_of_one_path_is_compared_with_the_one_before(self) -> None:
        chain = [
            Job(f"j{n}", "x", [f"j{n - 1}"] if n else [], outputs={"o": "out"}) for n in range(2000)
        ]
        self.assertEqual(problems(lambda: pipeline(*chain)), [])
        found = problems(lambda: pipeline(*chain, Job("k", "x", ["j5"], outputs={"o": "out"})))
        self.assertTrue(found)
        for line in found:
            self.assertIn("k:o", line)

    def test_two_jobs_may_promise_a_directory_and_a_path_in_it(self) -> None:
        declared = (Job("a", "x", outputs={"o": "d"}), Job("b", "x", outputs={"o": "d/x"}))
        self.assertEqual(problems(lambda: pipeline(*declared)), [])

    def test_every_problem_of_a_pipeline_is_listed(self) -> None:
        found = problems(
            lambda: pipeline(
                Job("a", "x"), Job("a", "x", ["z"]), timeout=-1, grace=-1, max_parallel=0
            )
        )
        self.assertEqual(len(found), 5)


class Selections(unittest.TestCase):
    def setUp(self) -> None:
        directory = tempfile.TemporaryDirectory()
        self.addCleanup(directory.cleanup)
        jobs = [Job("lint", "true"), Job("build", "true"), Job("test", "true", ["build"])]
        self.pipeline = Pipeline(
            jobs, "s", "b", directory.name + "/log", cwd=directory.name, console=io.StringIO()
        )

    def refused(self, **selection: Any) -> str:
        with self.assertRaises(ValueError) as caught:
            self.pipeline.run(**selection)
        self.assertEqual(self.pipeline.results, {})
        with self.assertRaisesRegex(ValueError, re.escape(str(caught.exception))):
            self.pipeline.check(Choice(**selection))
        return str(caught.exception)

    def test_a_good_choice_is_not_refused(self) -> None:
        self.pipeline.check()
        self.pipeline.check(Choice(only_jobs=["test"], first_jobs=["build"]))

    def test_mistyped_only_jobs_is_an_error_with_a_suggestion_never_a_green(self) -> None:
        self.assertIn("did you mean 'test'?", self.refused(only_jobs=["tset"]))

    def test_unknown_skip_and_first_jobs_are_errors(self) -> None:
        self.assertIn("skip_jobs", self.refused(skip_jobs=["x"]))
        self.assertIn("first_jobs", self.refused(first_jobs=["x"]))

    def test_selection_of_nothing_is_an_error(self) -> None:
        self.refused(only_jobs=[])
        self.refused(skip_jobs=["lint", "build", "test"])
        self.refused(only_jobs=["lint"], skip_jobs=["lint"])

    def test_string_in_place_of_a_list_is_an_error(self) -> None:
        self.assertIn("expected a list", self.refused(only_jobs="lint"))

    def test_a_filter_of_test_cases_that_is_a_list_is_an_error_before_anything_starts(self) -> None:
        for name in ("only_testcases", "first_testcases"):
            self.assertIn(
                f'{name}: expected a string, such as "x,y"', self.refused(**{name: ["x"]})
            )

    def test_no_deps_without_only_jobs_is_an_error(self) -> None:
        self.refused(no_deps=True)

    def test_first_jobs_that_are_not_selected_are_an_error(self) -> None:
        self.refused(only_jobs=["lint"], first_jobs=["test"])

    def test_both_filters_of_test_cases_are_an_error(self) -> None:
        self.refused(only_testcases="a", first_testcases="b")

    def test_names_may_come_from_a_generator(self) -> None:
        told = self.pipeline.dry_run(Choice(skip_jobs=(name for name in ["lint"])))  # type: ignore[arg-type]
        self.assertIn("skip  lint (filtered)", "\n".join(told))

    def test_dry_run_tells_order_and_reason_and_starts_nothing(self) -> None:
        told = "\n".join(self.pipeline.dry_run(Choice(only_jobs=["test"])))
        self.assertRegex(told, r"start build: needs nothing[^\n]*\n[^\n]*start test: after build")
        self.assertEqual(self.pipeline.results, {})


if __name__ == "__main__":
    unittest.main()
